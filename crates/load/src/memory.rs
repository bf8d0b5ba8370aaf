//! How much memory a process of this machine has.

use std::fs;
use std::io;

/// What is resident, in KiB.
///
/// # Errors
/// If there is no such process, or the system does not tell.
pub fn resident_kib(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    resident(&status).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn resident(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resident_memory_is_read_and_nothing_else() {
        let status = "Name:\tlanyard\nVmSize:\t  900000 kB\nVmRSS:\t   12345 kB\nThreads:\t3\n";
        assert_eq!(resident(status), Some(12_345));
        assert_eq!(resident("Name:\tkthreadd\n"), None);
        assert!(resident_kib(std::process::id()).expect("this process") > 0);
    }
}
