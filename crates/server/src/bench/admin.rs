//! What the admin port of an authority counts.

use std::time::Duration;

use clap::Args;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time;

use super::BenchError;

/// Where the admin port is.
#[derive(Debug, Args)]
pub(super) struct AdminArgs {
    /// The authority's admin port, such as `http://127.0.0.1:7402`: there it counts its commits
    #[arg(long, value_name = "URL")]
    admin_endpoint: Option<String>,
}

impl AdminArgs {
    /// How often the store has made changes durable, if it is known where to ask.
    pub(super) async fn commits(&self) -> Result<Option<u64>, BenchError> {
        let Some(endpoint) = &self.admin_endpoint else {
            return Ok(None);
        };
        count(endpoint).await.map(Some)
    }
}

async fn count(endpoint: &str) -> Result<u64, BenchError> {
    let refused = || BenchError::Admin {
        endpoint: endpoint.to_owned(),
        what: "how often its store has committed",
    };
    let text = time::timeout(PATIENCE, page(endpoint)).await;
    let text = text.ok().and_then(Result::ok).ok_or_else(refused)?;
    counter(&text, COMMITS).ok_or_else(refused)
}

/// The page of metrics, by as much HTTP as that takes.
async fn page(endpoint: &str) -> std::io::Result<String> {
    let host = endpoint.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).await?;
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

fn counter(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(name));
    lines.find_map(|rest| rest.strip_prefix(' ')?.trim().parse().ok())
}

const COMMITS: &str = "lanyard_store_commits_total";
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_found_by_its_whole_name() {
        let text = "HTTP/1.1 200 OK\r\n\r\n# TYPE lanyard_x counter\nlanyard_x_total 12\n";
        assert_eq!(counter(text, "lanyard_x_total"), Some(12));
        assert_eq!(counter(text, "lanyard_x"), None);
        assert_eq!(counter(text, "lanyard_y_total"), None);
    }
}
