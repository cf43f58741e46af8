//! Entries come out as they went in, while they are written and from the file; nothing torn does.

use std::sync::Arc;

use super::{Found, HEADER, Segment, Tail};

const BYTES: usize = 1 << 16;

fn bodies(segment: &Segment) -> (Vec<Vec<u8>>, usize) {
    let (mut found, mut at) = (Vec::new(), HEADER);
    while let Found::Entry(body, next) = segment.entry(at) {
        found.push(body.to_vec());
        at = next;
    }
    (found, at)
}

fn append(tail: &mut Tail, body: &[u8]) -> bool {
    tail.append(body.len(), |bytes| bytes.copy_from_slice(body))
}

#[test]
fn entries_are_read_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one");
    let mut tail = Segment::create(&path, BYTES).unwrap();
    let written: Vec<Vec<u8>> = (1..100_u8).map(|n| vec![n; usize::from(n)]).collect();
    let segment = Arc::clone(tail.segment());
    assert_eq!(segment.entry(HEADER), Found::Nothing);
    for body in &written {
        assert!(append(&mut tail, body));
    }
    let (live, end) = bodies(&segment);
    assert_eq!(live, written);
    assert_eq!(segment.entry(end), Found::Nothing);
    // A killed process says no more than this.
    let left = Segment::read(&path, BYTES).unwrap();
    assert_eq!(bodies(&left), (written, end));
    assert_eq!(left.entry(end), Found::Nothing);
    tail.seal();
    assert_eq!(segment.entry(end), Found::End);
}

#[test]
fn a_full_segment_takes_nothing_more() {
    for mut tail in [Segment::anonymous(1024).unwrap(), Segment::anonymous(1020).unwrap()] {
        let segment = Arc::clone(tail.segment());
        assert_eq!(tail.room(), Tail::room_of(segment.bytes));
        let mut count = 0;
        while append(&mut tail, &[7; 33]) {
            count += 1;
        }
        assert_eq!(bodies(&segment).0.len(), count);
        let room = tail.room();
        assert!(room < 33 && !append(&mut tail, &vec![1; room + 1]));
        assert!(room == 0 || append(&mut tail, &vec![1; room]));
        tail.seal();
        let end = bodies(&segment).1;
        assert_eq!(segment.entry(end), Found::End);
    }
}

#[test]
fn what_is_torn_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one");
    let mut tail = Segment::create(&path, BYTES).unwrap();
    assert!(append(&mut tail, &[1; 100]) && append(&mut tail, &[2; 100]));
    let good = std::fs::read(&path).unwrap();
    let second = HEADER + 8 + 104;
    let torn = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        std::fs::write(&path, bytes).unwrap();
        let segment = Segment::read(&path, BYTES).unwrap();
        (bodies(&segment).0.len(), segment.entry(second) == Found::Torn)
    };
    assert_eq!(torn(second + 8 + 50, 9), (1, true));
    assert_eq!(torn(second + 3, 0xff), (1, true));
    assert_eq!(torn(second + 7, good[second + 7] ^ 1), (1, true));
    std::fs::write(&path, &good[..second + 20]).unwrap();
    let cut = Segment::read(&path, BYTES).unwrap();
    assert_eq!((bodies(&cut).0.len(), cut.entry(second)), (1, Found::Torn));
}

#[test]
fn what_is_no_segment_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one");
    for (bytes, why) in [(&b"SKEG"[..], "no segment"), (&[1; 200], "no segment")] {
        std::fs::write(&path, bytes).unwrap();
        let error = Segment::read(&path, BYTES).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
    // A header that never reached the disk.
    std::fs::write(&path, [0; 200]).unwrap();
    assert_eq!(Segment::read(&path, BYTES).unwrap().entry(HEADER), Found::End);
    std::fs::write(&path, vec![0; BYTES + 1]).unwrap();
    assert!(Segment::read(&path, BYTES).unwrap_err().to_string().contains("more than"));
    assert!(Segment::create(&path, BYTES).is_err());
}

#[test]
fn a_reader_follows_a_writer() {
    let mut tail = Segment::anonymous(1 << 20).unwrap();
    let segment = Arc::clone(tail.segment());
    let reader = std::thread::Builder::new().name("reader".to_owned()).spawn(move || {
        let (mut at, mut count) = (HEADER, 0_u64);
        loop {
            match segment.entry(at) {
                Found::Entry(body, next) => {
                    assert!(body.chunks_exact(8).all(|word| word == count.to_ne_bytes()));
                    (at, count) = (next, count + 1);
                }
                Found::Nothing => std::thread::yield_now(),
                Found::End => return count,
                Found::Torn => panic!("torn at {at}"),
            }
        }
    });
    let mut count = 0_u64;
    while tail.append(64, |body| body.as_chunks_mut().0.fill(count.to_ne_bytes())) {
        count += 1;
    }
    tail.seal();
    assert_eq!(reader.unwrap().join().unwrap(), count);
}
