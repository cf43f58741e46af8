//! A connection that stands still is cut off, each kind at its own time; one that moves is not.

use std::io::ErrorKind;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::{Pace, Paced};
use crate::limits::Limits;
use crate::metrics::refused::Refusal;

/// Ends a test that would hang.
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(40);

/// A connection with these times to be idle, to send a head and to take a reply.
fn connection(
    idle: Duration,
    head: Duration,
    write: Duration,
) -> (Paced<DuplexStream>, Rc<Pace>, DuplexStream) {
    let (idle_timeout, header_timeout, write_timeout) = (idle, head, write);
    let limits = Limits { idle_timeout, header_timeout, write_timeout, ..Limits::default() };
    let (ours, theirs) = duplex(64);
    let pace = Pace::new(&limits);
    (Paced::new(ours, Rc::clone(&pace)), pace, theirs)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future)
}

#[test]
fn an_idle_connection_is_cut_off() {
    block_on(async {
        let (mut ours, pace, _theirs) = connection(SHORT, LONG, LONG);
        let cut = ours.read_u8().await.unwrap_err();
        assert_eq!((cut.kind(), pace.cut()), (ErrorKind::TimedOut, Some(Refusal::IdleTimeout)));
    });
}

#[test]
fn a_head_that_drips_is_cut_off_whatever_comes_meanwhile() {
    block_on(async {
        let (mut ours, pace, mut theirs) = connection(LONG, SHORT, LONG);
        let drip = async {
            while theirs.write_u8(b'x').await.is_ok() {
                tokio::time::sleep(SHORT / 8).await;
            }
        };
        let read = async {
            let cut = loop {
                if let Err(cut) = ours.read_u8().await {
                    break cut;
                }
            };
            drop(ours);
            cut
        };
        let (cut, ()) = tokio::join!(read, drip);
        assert_eq!((cut.kind(), pace.cut()), (ErrorKind::TimedOut, Some(Refusal::HeaderTimeout)));
    });
}

#[test]
fn a_request_in_hand_is_left_alone_and_the_next_has_its_own_time() {
    block_on(async {
        let (mut ours, pace, mut theirs) = connection(2 * SHORT, SHORT, LONG);
        theirs.write_u8(b'x').await.unwrap();
        ours.read_u8().await.unwrap();
        // The head's timer runs, then the head is whole.
        assert!(tokio::time::timeout(SHORT / 4, ours.read_u8()).await.is_err());
        pace.begin();
        assert!(tokio::time::timeout(4 * SHORT, ours.read_u8()).await.is_err());
        pace.end();
        // A stale timer would strike at once.
        assert!(tokio::time::timeout(SHORT / 4, ours.read_u8()).await.is_err());
        theirs.write_u8(b'y').await.unwrap();
        assert_eq!(ours.read_u8().await.unwrap(), b'y');
        assert_eq!(pace.cut(), None);
        assert!(ours.read_u8().await.is_err());
        assert_eq!(pace.cut(), Some(Refusal::HeaderTimeout));
    });
}

#[test]
fn a_reply_that_nobody_takes_is_cut_off_and_a_slow_reader_is_not() {
    block_on(async {
        let (mut ours, pace, mut theirs) = connection(LONG, LONG, 4 * SHORT);
        let read_slowly = async {
            for _ in 0..8 {
                tokio::time::sleep(SHORT).await;
                theirs.read_exact(&mut [0; 32]).await.unwrap();
            }
        };
        let (written, ()) = tokio::join!(ours.write_all(&[0; 256]), read_slowly);
        assert!(written.is_ok() && pace.cut().is_none());
        let cut = ours.write_all(&[0; 256]).await.unwrap_err();
        assert_eq!((cut.kind(), pace.cut()), (ErrorKind::TimedOut, Some(Refusal::WriteTimeout)));
        drop(theirs);
    });
}
