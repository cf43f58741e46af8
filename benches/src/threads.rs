//! Time that a thread of this process has had on a core.

use std::time::Duration;
use std::{fs, io};

/// User and system time of the threads called `name`: fields 14 and 15 of
/// `/proc/self/task/TID/stat` (proc_pid_stat(5)), in hundredths of a second.
///
/// # Errors
/// Where there are no such files: on anything but Linux.
pub fn cpu_time(name: &str) -> io::Result<Duration> {
    let mut ticks = 0;
    for task in fs::read_dir("/proc/self/task")? {
        // A thread may end meanwhile.
        let Ok(stat) = fs::read_to_string(task?.path().join("stat")) else { continue };
        // The second field is the thread's name in parentheses, which may hold anything.
        let Some((before, after)) = stat.rsplit_once(')') else { continue };
        if before.split_once('(').is_some_and(|(_, found)| found == name) {
            let fields = after.split_whitespace().skip(11).take(2);
            ticks += fields.filter_map(|field| field.parse::<u64>().ok()).sum::<u64>();
        }
    }
    Ok(Duration::from_millis(10 * ticks))
}
