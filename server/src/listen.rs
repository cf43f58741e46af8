//! Listening sockets: one per scoring thread on the same port, so that the kernel spreads
//! connections.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that wait in the kernel while a worker is busy.
const BACKLOG: i32 = 1024;

/// Binds `count` listeners to `address`, whose port may be 0: then all get the same free port.
///
/// # Errors
/// Why the address cannot be had; another process on the port is one reason, although
/// SO_REUSEPORT alone would let two servers of one user share it silently.
pub fn bind(address: SocketAddr, count: usize) -> io::Result<Vec<TcpListener>> {
    // Bound without SO_REUSEPORT first, to be refused when the port is somebody else's.
    let probe = open(address, false)?;
    let address = probe.local_addr()?;
    drop(probe);
    (0..count).map(|_| open(address, true)).collect()
}

fn open(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Connections of a server that has just stopped must not keep the port.
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    //! Real sockets on loopback.

    use super::bind;

    #[test]
    fn listeners_share_one_free_port() {
        let listeners = bind(([127, 0, 0, 1], 0).into(), 3).unwrap();
        let ports: Vec<u16> = listeners.iter().map(|l| l.local_addr().unwrap().port()).collect();
        assert_eq!(ports.len(), 3);
        assert!(ports[0] != 0 && ports.iter().all(|port| *port == ports[0]), "{ports:?}");
    }

    #[test]
    fn a_taken_port_is_refused() {
        let first = bind(([127, 0, 0, 1], 0).into(), 1).unwrap();
        let taken = first[0].local_addr().unwrap();
        assert_eq!(bind(taken, 1).unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
    }
}
