// A guest that is no plugin: whatever it is called with, it computes something of the bytes, with what Rust programs use
// (growing vectors, hash maps with random seeds, sorting, formatting of floating-point numbers), and answers a wire.Result
// with the outcome as the page's title. So tests can compare what two builds of it compute.
use std::collections::HashMap;
use std::fmt::Write;

static mut BUFFER: Vec<u8> = Vec::new();
static mut RESULT: Vec<u8> = Vec::new();

#[no_mangle]
pub unsafe extern "C" fn pergola_buffer(n: u32) -> *mut u8 {
    BUFFER = vec![0; n as usize];
    BUFFER.as_mut_ptr()
}

#[no_mangle]
pub unsafe extern "C" fn pergola_call(n: u32) -> u64 {
    RESULT = answer(&BUFFER[..n as usize]);
    (RESULT.as_ptr() as u64) << 32 | RESULT.len() as u64
}

fn answer(call: &[u8]) -> Vec<u8> {
    let mut counts: HashMap<u8, u64> = HashMap::new();
    for b in call {
        *counts.entry(*b).or_default() += 1;
    }
    let mut sorted: Vec<(u64, u8)> = counts.into_iter().map(|(b, n)| (n, b)).collect();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    let mut title = String::new();
    let mut hash: u64 = 0xcbf29ce484222325;
    for b in call {
        hash = (hash ^ u64::from(*b)).wrapping_mul(0x100000001b3);
    }
    let _ = write!(title, "rust {} {:016x}", call.len(), hash);
    for (n, b) in sorted.iter().take(8) {
        let _ = write!(title, " {:02x}:{:.3}", b, (*n as f64).sqrt() / call.len() as f64 * 100.0);
    }
    let mut out = b"\x81\xa4body\x82\xa5title\xda".to_vec();
    out.extend_from_slice(&(title.len() as u16).to_be_bytes());
    out.extend_from_slice(title.as_bytes());
    out.extend_from_slice(b"\xa6blocks\x90");
    out
}
