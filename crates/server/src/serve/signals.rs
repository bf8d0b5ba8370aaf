//! The signals that end a process, or make it read its files again.
//!
//! A handler is needed for each of them: the kernel delivers no signal to the first process of a
//! container that has none.

use std::{io, pin::pin, process::ExitCode};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM and SIGINT.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

/// SIGHUP, for processes that serve.
pub(crate) struct Hangups(Signal);

/// The signal that ended a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopSignal {
    Terminate,
    Interrupt,
}

impl Signals {
    /// Installs the handlers.
    pub(crate) fn new() -> io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self {
            terminate,
            interrupt,
        })
    }

    /// Waits for one of them.
    pub(crate) async fn received(&mut self) -> StopSignal {
        tokio::select! {
            _ = self.terminate.recv() => StopSignal::Terminate,
            _ = self.interrupt.recv() => StopSignal::Interrupt,
        }
    }

    /// Does the work, unless a signal comes first.
    pub(crate) async fn race<T>(&mut self, work: impl Future<Output = T>) -> Result<T, StopSignal> {
        let work = pin!(work);
        tokio::select! {
            biased;
            stop = self.received() => Err(stop),
            output = work => Ok(output),
        }
    }
}

impl Hangups {
    /// Installs the handler.
    pub(crate) fn new() -> io::Result<Self> {
        signal(SignalKind::hangup()).map(Self)
    }

    /// Waits for one. Several that come close together may be one.
    pub(crate) async fn received(&mut self) {
        self.0.recv().await;
    }

    /// Goes on through all of them, for a process that has no file to read again.
    pub(crate) async fn ignore(mut self) {
        loop {
            self.received().await;
            tracing::info!("SIGHUP: there is no file to read again");
        }
    }
}

impl StopSignal {
    /// The exit code of a command that did not come to its end: that of a shell for the same signal.
    pub(crate) fn exit_code(self) -> ExitCode {
        ExitCode::from(self.code())
    }

    /// Ends the process at once, whatever it is waiting for.
    pub(crate) fn exit(self) -> ! {
        std::process::exit(self.code().into())
    }

    const fn code(self) -> u8 {
        match self {
            Self::Terminate => 128 + 15,
            Self::Interrupt => 128 + 2,
        }
    }
}
