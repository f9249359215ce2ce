//! Binding Unix sockets: a dead program's leftover is replaced, a living
//! program's socket never.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;

use tokio::net::{UnixListener, UnixStream};

use crate::ChannelError;

/// Binds `path` with `mode`, making its directory if needed.
pub(crate) async fn bind(path: &Path, mode: u32) -> Result<UnixListener, ChannelError> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(|err| named(path, err))?;
    }
    if UnixStream::connect(path).await.is_ok() {
        return Err(ChannelError::InUse(path.display().to_string()));
    }
    match fs::symlink_metadata(path) {
        // Only a socket is ever removed, so a wrong path costs nothing.
        Ok(meta) if meta.file_type().is_socket() => fs::remove_file(path).map_err(|err| named(path, err))?,
        Ok(_) => return Err(ChannelError::InUse(format!("{} (not a socket)", path.display()))),
        Err(err) if err.kind() == io::ErrorKind::NotFound => {}
        Err(err) => return Err(named(path, err)),
    }
    let listener = UnixListener::bind(path).map_err(|err| named(path, err))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(|err| named(path, err))?;
    Ok(listener)
}

fn named(path: &Path, err: io::Error) -> ChannelError {
    ChannelError::Io(io::Error::new(err.kind(), format!("{}: {err}", path.display())))
}
