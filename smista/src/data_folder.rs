//! The folder and the file of the embedded store: they hold personal data, so that no other user of the machine may look
//! into them.

use std::fs::{DirBuilder, File};
use std::path::Path;

/// Makes the folder and an empty file in it, where they are missing, and keeps others out: of a folder that is made here,
/// and of the file in any case. A folder that was there stays as it is, since it may be shared with other things. What
/// SQLite puts beside its file has the file's permissions.
pub(crate) fn prepare(folder: &Path, file: &Path) -> std::io::Result<()> {
    let (mut builder, mut options) = (DirBuilder::new(), File::options());
    builder.recursive(true);
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    builder.create(folder)?;
    keep_others_out(&options.open(file)?)
}

/// The owner's group keeps what it was given.
#[cfg(unix)]
fn keep_others_out(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let mut permissions = file.metadata()?.permissions();
    if permissions.mode() & 0o007 != 0 {
        permissions.set_mode(permissions.mode() & !0o007);
        file.set_permissions(permissions)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn keep_others_out(_file: &File) -> std::io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn others_are_kept_out_of_what_is_made_here_and_of_the_file_that_is_there() {
        let scratch = tempfile::tempdir().expect("a folder");
        let mode = |path: &Path| path.metadata().expect("it is there").permissions().mode() & 0o777;
        let set = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
        };
        let folder = scratch.path().join("a/b");
        let file = folder.join("smista.sqlite");
        prepare(&folder, &file).expect("made");
        assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
        set(&folder, 0o755);
        set(&file, 0o644);
        std::fs::write(&file, "kept").expect("written");
        prepare(&folder, &file).expect("as before");
        assert_eq!((mode(&folder), mode(&file)), (0o755, 0o640));
        assert_eq!(std::fs::read_to_string(&file).expect("read"), "kept");
    }
}
