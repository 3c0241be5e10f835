//! The machine's network interfaces.

use agent::InterfaceAddress;

/// Reads the addresses of the machine's interfaces. The error is a sentence for the operator.
pub(crate) type Interfaces = Box<dyn FnMut() -> Result<Vec<InterfaceAddress>, String> + Send>;

/// Reads the addresses of the interfaces that are up.
pub(crate) fn read() -> Result<Vec<InterfaceAddress>, String> {
    let interfaces = if_addrs::get_if_addrs()
        .map_err(|e| format!("the interfaces of this machine cannot be read: {e}"))?;
    let up = interfaces
        .into_iter()
        .filter(|i| i.is_oper_up() || i.is_loopback());
    Ok(up
        .map(|i| InterfaceAddress {
            ip: i.ip(),
            interface: i.name,
        })
        .collect())
}

#[cfg(test)]
mod tests;
