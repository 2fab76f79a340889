//! What the system says about this process and its disk.

use std::path::Path;

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System, get_current_pid};

use crate::tools::durable::free_bytes;

/// Asks the system; kept, since processor time is measured between two questions.
pub struct Vitals {
    // `None` on a system that sysinfo does not know.
    system: Option<System>,
    process: Option<Pid>,
}

/// One answer. `None` = the system does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VitalSigns {
    /// Of one core, since the last question.
    pub cpu_percent: Option<f64>,
    /// Resident memory.
    pub memory_bytes: Option<u64>,
    /// The system's load average of the last minute.
    pub load_1m: Option<f64>,
    /// Room where the trail is.
    pub disk_free_bytes: Option<u64>,
}

impl Vitals {
    /// Begins to measure.
    pub fn new() -> Self {
        let mut vitals = Self { system: System::new().ok(), process: get_current_pid().ok() };
        vitals.refresh();
        vitals
    }

    /// The name of this host; `unknown` where the system does not tell.
    pub fn host_name() -> String {
        System::host_name().unwrap_or_else(|_| "unknown".to_owned())
    }

    /// The signs now; `folder` is where the trail is.
    pub fn read(&mut self, folder: &Path) -> VitalSigns {
        self.refresh();
        let process = self.system.as_ref().zip(self.process).and_then(|(system, process)| system.process(process));
        VitalSigns {
            cpu_percent: process.map(|process| (f64::from(process.cpu_usage()) * 10.0).round() / 10.0),
            memory_bytes: process.map(sysinfo::Process::memory),
            load_1m: System::load_average().ok().map(|load| load.one),
            disk_free_bytes: free_bytes(folder),
        }
    }

    fn refresh(&mut self) {
        if let (Some(system), Some(process)) = (self.system.as_mut(), self.process) {
            let what = ProcessRefreshKind::nothing().with_cpu().with_memory();
            system.refresh_processes_specifics(ProcessesToUpdate::Some(&[process]), true, what);
        }
    }
}

impl Default for Vitals {
    fn default() -> Self {
        Self::new()
    }
}
