//! RabbitMQ: is it there, and how a private node starts and ends. A private node has its own name, ports, cookie and
//! port mapper, so that it neither meets nor disturbs another on the same machine.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::address::Address;
use super::private::{self, Folder};
use crate::tools;

/// Where a developer's broker usually is.
pub(super) const USUAL: &str = "amqp://guest:guest@127.0.0.1:5672/%2f";

const PATIENCE: Duration = Duration::from_secs(5);
/// AMQP 0-9-1, section 4.2.2: what a client says first.
const PROTOCOL_HEADER: &[u8] = b"AMQP\0\0\x09\x01";

/// A broker is there that speaks AMQP 0-9-1: it answers the header with the method Connection.Start.
pub(super) fn answers(url: &str) -> Result<()> {
    let address = Address::of(url)?;
    let socket =
        (address.host.as_str(), address.port).to_socket_addrs()?.next().context("the host has no address")?;
    let mut stream = TcpStream::connect_timeout(&socket, PATIENCE).context("RabbitMQ does not answer")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(PROTOCOL_HEADER)?;
    let mut frame = [0; 11];
    stream.read_exact(&mut frame).context("RabbitMQ does not answer")?;
    if !is_connection_start(&frame) {
        bail!("what listens at {address} does not speak AMQP 0-9-1");
    }
    Ok(())
}

/// A method frame (type 1) on channel 0, of four bytes of length, then class 10, method 10.
fn is_connection_start(frame: &[u8; 11]) -> bool {
    frame[..3] == [1, 0, 0] && frame[7..] == [0, 10, 0, 10]
}

pub(super) fn is_installed() -> bool {
    program("rabbitmq-server").is_some()
}

/// Debian's wrappers on the `PATH` switch to an account of their own; the programs behind them run as whoever we are.
fn program(name: &str) -> Option<PathBuf> {
    let behind = PathBuf::from("/usr/lib/rabbitmq/bin").join(name);
    if behind.is_file() { Some(behind) } else { tools::find(name, &[]) }
}

pub(crate) struct Private {
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
    pub(super) fn start() -> Result<Self> {
        let folder = Folder::create("rabbitmq")?;
        let node = Node {
            name: format!("smista-{}@localhost", std::process::id()),
            amqp_port: private::free_port()?,
            distribution_port: private::free_port()?,
            mapper_port: private::free_port()?,
        };
        std::fs::write(folder.path().join("rabbitmq.conf"), "")?;
        std::fs::write(folder.path().join("enabled_plugins"), "[].\n")?;
        let log = folder.path().join("log");
        let written = File::create(&log)?;
        let mut server = node.command("rabbitmq-server", &folder)?;
        let child = server.stdout(written.try_clone()?).stderr(written).stdin(Stdio::null()).spawn()?;
        let mut private = Self { child, node, folder };
        let url = private.url();
        private::wait_until(&mut private.child, &log, || answers(&url))?;
        Ok(private)
    }

    pub(super) fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.node.amqp_port)
    }

    pub(super) fn rabbitmqctl(&self) -> Result<Command> {
        let mut command = self.node.command("rabbitmqctl", &self.folder)?;
        command.args(["-n", &self.node.name]);
        Ok(command)
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        private::stop(&mut self.child, "TERM");
        // The port mapper is a daemon that the node started; it stays unless told.
        let mapper =
            Command::new("epmd").args(["-port", &self.node.mapper_port.to_string(), "-kill"]).output();
        if !mapper.is_ok_and(|ended| ended.status.success()) {
            eprintln!("the port mapper on port {} could not be stopped", self.node.mapper_port);
        }
    }
}

impl Node {
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
            .env("RABBITMQ_PID_FILE", folder.path().join("pid"))
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
    fn only_connection_start_counts_as_an_answer() {
        assert!(is_connection_start(&[1, 0, 0, 0, 0, 1, 220, 0, 10, 0, 10]));
        assert!(!is_connection_start(b"HTTP/1.1 40"));
        // The header of another version is what a broker says to a client whose version it does not speak.
        assert!(!is_connection_start(b"AMQP\0\x01\0\0AMQ"));
        assert!(!is_connection_start(&[1, 0, 0, 0, 0, 1, 220, 0, 10, 0, 50]));
    }
}
