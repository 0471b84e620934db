//! RabbitMQ: is it there, and how a private node starts, is killed, and ends. A private node has its own name, ports, cookie and
//! port mapper, so that it neither meets nor disturbs another on the same machine.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::address::{Address, login};
use crate::private::{self, Folder};
use crate::programs;

/// Where a developer's broker usually is.
pub const USUAL: &str = "amqp://guest:guest@127.0.0.1:5672/%2f";

const PATIENCE: Duration = Duration::from_secs(5);
/// AMQP 0-9-1, section 4.2.2: what a client says first.
const PROTOCOL_HEADER: &[u8] = b"AMQP\0\0\x09\x01";

/// A broker is there that speaks AMQP 0-9-1 and takes our login: the method Connection.Tune follows on ours.
pub fn answers(url: &str) -> Result<()> {
    let address = Address::of(url)?;
    let socket =
        (address.host.as_str(), address.port).to_socket_addrs()?.next().context("the host has no address")?;
    let mut stream = TcpStream::connect_timeout(&socket, PATIENCE).context("RabbitMQ does not answer")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(PROTOCOL_HEADER)?;
    let mut frame = [0; 11];
    stream.read_exact(&mut frame).context("RabbitMQ does not answer")?;
    if !is_method(&frame, START) {
        bail!("what listens at {address} does not speak AMQP 0-9-1");
    }
    stream.read_exact(&mut vec![0; unread(&frame)]).context("RabbitMQ does not answer")?;
    let (account, password) = login(url);
    stream.write_all(&start_ok(account, password))?;
    // A broker that refuses a login closes the connection without a word.
    let told = stream.read_exact(&mut frame);
    if told.is_err() || !is_method(&frame, TUNE) {
        bail!("the broker at {address} refuses the login of {account}");
    }
    Ok(())
}

/// Methods of the class Connection.
const CONNECTION: u8 = 10;
const START: u8 = 10;
const START_OK: u8 = 11;
const TUNE: u8 = 30;
const FRAME_END: u8 = 0xCE;

/// A method frame (type 1) on channel 0, of four bytes of length, then class and method.
fn is_method(frame: &[u8; 11], method: u8) -> bool {
    frame[..3] == [1, 0, 0] && frame[7..] == [0, CONNECTION, 0, method]
}

/// What follows on the first eleven bytes: seven come before the payload, its end after it.
fn unread(frame: &[u8; 11]) -> usize {
    let length = u32::from_be_bytes([frame[3], frame[4], frame[5], frame[6]]);
    (length as usize + 8).saturating_sub(frame.len())
}

/// No properties of the client, then mechanism, response and locale.
fn start_ok(account: &str, password: &str) -> Vec<u8> {
    let response = format!("\0{account}\0{password}");
    let mut payload = vec![0, CONNECTION, 0, START_OK, 0, 0, 0, 0];
    payload.extend(b"\x05PLAIN");
    payload.extend((response.len() as u32).to_be_bytes());
    payload.extend(response.as_bytes());
    payload.extend(b"\x05en_US");
    let mut frame = vec![1, 0, 0];
    frame.extend((payload.len() as u32).to_be_bytes());
    frame.extend(payload);
    frame.push(FRAME_END);
    frame
}

/// Its programs are there.
pub fn is_installed() -> bool {
    program("rabbitmq-server").is_some()
}

/// Debian's wrappers on the `PATH` switch to an account of their own; the programs behind them run as whoever we are.
fn program(name: &str) -> Option<PathBuf> {
    let behind = PathBuf::from("/usr/lib/rabbitmq/bin").join(name);
    if behind.is_file() { Some(behind) } else { programs::find(name, &[]) }
}

/// A node of this process's own, gone with the value.
pub struct Private {
    child: Child,
    node: Node,
    folder: Folder,
}

struct Node {
    name: String,
    amqp_port: u16,
    distribution_port: u16,
    mapper_port: u16,
}

impl Private {
    /// Makes a node, and starts it.
    ///
    /// # Errors
    /// A program is missing, or it does not answer within half a minute; the end of its log is told.
    pub fn start() -> Result<Self> {
        let folder = Folder::create("rabbitmq")?;
        let node = Node {
            name: format!("smista-{}@localhost", std::process::id()),
            amqp_port: private::free_port()?,
            distribution_port: private::free_port()?,
            mapper_port: private::free_port()?,
        };
        std::fs::write(folder.path().join("rabbitmq.conf"), "")?;
        std::fs::write(folder.path().join("enabled_plugins"), "[].\n")?;
        let child = node.server(&folder)?;
        let mut private = Self { child, node, folder };
        private.wait_until_it_answers()?;
        Ok(private)
    }

    /// Its default virtual host, as the account that it brings along.
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.node.amqp_port)
    }

    /// Where it listens, on loopback.
    pub fn port(&self) -> u16 {
        self.node.amqp_port
    }

    /// Its own tool, addressed to it.
    ///
    /// # Errors
    /// It is not installed.
    pub fn rabbitmqctl(&self) -> Result<Command> {
        let mut command = self.node.command("rabbitmqctl", &self.folder)?;
        command.args(["-n", &self.node.name]);
        Ok(command)
    }

    /// SIGKILL to the Erlang machine. What we started is a script, which ends with it.
    pub fn kill(&mut self) -> Result<()> {
        let process = std::fs::read_to_string(pid_file(&self.folder)).context("the node has no process")?;
        private::kill(process.trim().parse()?)?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again on what is on the disk, after [`Private::kill`].
    ///
    /// # Errors
    /// As [`Private::start`].
    pub fn start_again(&mut self) -> Result<()> {
        // Its name and ports may be taken until the last of what was killed is gone.
        private::patiently(|| {
            self.child = self.node.server(&self.folder)?;
            self.wait_until_it_answers()
        })
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        let url = self.url();
        private::wait_until(&mut self.child, &log(&self.folder), || answers(&url))
    }
}

fn log(folder: &Folder) -> PathBuf {
    folder.path().join("log")
}

fn pid_file(folder: &Folder) -> PathBuf {
    folder.path().join("pid")
}

impl Drop for Private {
    fn drop(&mut self) {
        private::stop(&mut self.child, "TERM");
        // The port mapper is a daemon that the node started; it stays unless told, and is not to be told while it still
        // takes the node for alive.
        let mapper_port = self.node.mapper_port.to_string();
        let stopped = private::patiently(|| {
            programs::read(Command::new("epmd").args(["-port", &mapper_port, "-kill"])).map(drop)
        });
        if stopped.is_err() {
            eprintln!("the port mapper on port {mapper_port} could not be stopped");
        }
    }
}

impl Node {
    fn server(&self, folder: &Folder) -> Result<Child> {
        let written = File::options().create(true).append(true).open(log(folder))?;
        let mut server = self.command("rabbitmq-server", folder)?;
        Ok(server.stdout(written.try_clone()?).stderr(written).stdin(Stdio::null()).spawn()?)
    }

    fn command(&self, name: &str, folder: &Folder) -> Result<Command> {
        let path = program(name).with_context(|| format!("`{name}` is not installed"))?;
        let mut command = Command::new(path);
        command
            .current_dir(folder.path())
            // The cookie, by which a node and its tools know each other, stands in the home folder.
            .env("HOME", folder.path())
            .env("RABBITMQ_NODENAME", &self.name)
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", self.amqp_port.to_string())
            .env("RABBITMQ_DIST_PORT", self.distribution_port.to_string())
            .env("ERL_EPMD_PORT", self.mapper_port.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_MNESIA_BASE", folder.path().join("data"))
            .env("RABBITMQ_LOG_BASE", folder.path().join("logs"))
            .env("RABBITMQ_PID_FILE", pid_file(folder))
            .env("RABBITMQ_CONFIG_FILE", folder.path().join("rabbitmq.conf"))
            .env("RABBITMQ_CONF_ENV_FILE", folder.path().join("rabbitmq-env.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.path().join("enabled_plugins"));
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_method_asked_for_counts_as_an_answer() {
        assert!(is_method(&[1, 0, 0, 0, 0, 1, 220, 0, 10, 0, 10], START));
        assert!(!is_method(b"HTTP/1.1 40", START));
        // The header of another version is what a broker says to a client whose version it does not speak.
        assert!(!is_method(b"AMQP\0\x01\0\0AMQ", START));
        // Connection.Close, with which a broker may answer a login that it does not take.
        assert!(!is_method(&[1, 0, 0, 0, 0, 1, 220, 0, 10, 0, 50], TUNE));
    }

    #[test]
    fn the_rest_of_a_frame_is_its_payload_and_its_end() {
        assert_eq!(unread(&[1, 0, 0, 0, 0, 1, 220, 0, 10, 0, 10]), 476 - 4 + 1);
    }

    /// Accepts once, says Start, and after the client's Start-Ok what it is given.
    fn broker_that_answers_a_login_with(answer: &'static [u8]) -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            client.read_exact(&mut [0; 8]).unwrap();
            client.write_all(&[1, 0, 0, 0, 0, 0, 4, 0, 10, 0, 10, FRAME_END]).unwrap();
            client.read_exact(&mut vec![0; start_ok("guest", "guest").len()]).unwrap();
            client.write_all(answer).unwrap();
        });
        format!("amqp://guest:guest@127.0.0.1:{port}/%2f")
    }

    #[test]
    fn a_broker_counts_as_there_only_when_it_takes_the_login() {
        let tunes = broker_that_answers_a_login_with(&[1, 0, 0, 0, 0, 0, 12, 0, 10, 0, 30]);
        answers(&tunes).unwrap();
        let refuses = answers(&broker_that_answers_a_login_with(b"")).unwrap_err().to_string();
        assert!(refuses.ends_with("refuses the login of guest"), "{refuses}");
    }
}
