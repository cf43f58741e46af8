//! Time on a core: of a process, and of threads in it.

use std::time::Duration;
use std::{fs, io};

/// Time that a process has had on a core, `self` or a number, user and system, of all its threads
/// and of those that have ended: fields 14 and 15 of `/proc/PID/stat` (proc_pid_stat(5)), in
/// hundredths of a second.
///
/// # Errors
/// Where there is no such file: on anything but Linux.
pub fn process_time(process: &str) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The second field is the program's name in parentheses, which may hold anything.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let ticks = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
    Ok(Duration::from_millis(10 * ticks.sum::<u64>()))
}

/// That of its running threads whose names begin so: the first field of
/// `/proc/PID/task/TID/schedstat` (Linux, `Documentation/scheduler/sched-stats.rst`).
///
/// # Errors
/// Where there are no such files: on anything but Linux.
pub fn thread_time(process: &str, prefix: &str) -> io::Result<Duration> {
    let mut time = Duration::ZERO;
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        let task = task?.path();
        // A thread may end meanwhile.
        let read = |file: &str| fs::read_to_string(task.join(file)).unwrap_or_default();
        if read("comm").starts_with(prefix) {
            let nanos = read("schedstat").split(' ').next().and_then(|first| first.parse().ok());
            time += Duration::from_nanos(nanos.unwrap_or_default());
        }
    }
    Ok(time)
}
