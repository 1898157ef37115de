//! What the library writes, with every field of a performative in its place.
//!
//! AMQP lets the null fields at a list's end be left out, and the library leaves them out. The
//! Python client (pyamqp) reads fields by their index and fails where there are fewer, so the list
//! of each performative is filled up with nulls on its way to the socket.

/// The bytes of a frame's header, and of a protocol header.
const HEADER: usize = 8;
/// An AMQP frame, as against a SASL frame.
const AMQP: u8 = 0;

/// The performative that carries a message.
const TRANSFER: u64 = 0x14;

const NULL: u8 = 0x40;
const DESCRIBED: u8 = 0x00;
const SMALL_ULONG: u8 = 0x53;
const ULONG: u8 = 0x80;
const LIST_0: u8 = 0x45;
const LIST_8: u8 = 0xc0;
const LIST_32: u8 = 0xd0;

/// How many bytes at the head of `bytes` are one whole frame or protocol header; none where the
/// rest of it is still to come.
pub fn whole(bytes: &[u8]) -> Option<usize> {
    let size = match bytes.first_chunk()? {
        b"AMQP" => HEADER,
        size => (u32::from_be_bytes(*size) as usize).max(HEADER),
    };
    (bytes.len() >= size).then_some(size)
}

/// Writes a frame or protocol header, with its performative at full length. Returns how many bytes
/// of a message it carries.
pub fn pad(frame: &[u8], out: &mut Vec<u8>) -> usize {
    let Some(performative) = Performative::read(frame) else {
        out.extend(frame);
        return 0;
    };
    match performative.missing {
        0 => out.extend(frame),
        _ => performative.write(frame, out),
    }
    match performative.code {
        TRANSFER => frame.len() - performative.end,
        _ => 0,
    }
}

/// Where a frame's performative stands.
struct Performative {
    code: u64,
    /// The first byte of its list.
    list: usize,
    /// The first byte of the list's first field.
    values: usize,
    /// The first byte behind it: what a transfer carries.
    end: usize,
    fields: usize,
    missing: usize,
}

impl Performative {
    fn read(frame: &[u8]) -> Option<Self> {
        if frame.starts_with(b"AMQP") || *frame.get(5)? != AMQP {
            return None;
        }
        let start = usize::from(frame[4]) * 4;
        let (code, described) = match frame.get(start..)? {
            [DESCRIBED, SMALL_ULONG, code, ..] => (u64::from(*code), 3),
            [DESCRIBED, ULONG, rest @ ..] => (u64::from_be_bytes(*rest.first_chunk()?), 10),
            _ => return None,
        };
        let list = start + described;
        let (head, end, count) = match frame.get(list..)? {
            [LIST_0, ..] => (1, list + 1, 0),
            [LIST_8, size, count, ..] => (3, list + 2 + usize::from(*size), usize::from(*count)),
            [LIST_32, rest @ ..] => {
                let size = u32::from_be_bytes(*rest.first_chunk()?);
                let count = u32::from_be_bytes(*rest.get(4..)?.first_chunk()?);
                (9, list + 5 + size as usize, count as usize)
            }
            _ => return None,
        };
        let missing = fields(code)?.checked_sub(count)?;
        (list + head <= end && end <= frame.len()).then_some(Self {
            code,
            list,
            values: list + head,
            end,
            fields: count,
            missing,
        })
    }

    fn write(&self, frame: &[u8], out: &mut Vec<u8>) {
        let values = &frame[self.values..self.end];
        let start = out.len();
        out.extend(&frame[..self.list]);
        out.push(LIST_32);
        out.extend(((4 + values.len() + self.missing) as u32).to_be_bytes());
        out.extend(((self.fields + self.missing) as u32).to_be_bytes());
        out.extend(values);
        out.resize(out.len() + self.missing, NULL);
        out.extend(&frame[self.end..]);
        let size = (out.len() - start) as u32;
        out[start..start + 4].copy_from_slice(&size.to_be_bytes());
    }
}

/// How many fields a performative has (AMQP 1.0, part 2.7).
fn fields(code: u64) -> Option<usize> {
    match code {
        // open, begin, attach, flow, transfer
        0x10 => Some(10),
        0x11 => Some(8),
        0x12 => Some(14),
        0x13 | 0x14 => Some(11),
        // disposition, detach, end, close
        0x15 => Some(6),
        0x16 => Some(3),
        0x17 | 0x18 => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use fe2o3_amqp::types::definitions::{Handle, Role};
    use fe2o3_amqp::types::messaging::{Accepted, DeliveryState};
    use fe2o3_amqp::types::performatives::{Close, Disposition, End, Flow, Open, Transfer};
    use fe2o3_amqp::types::primitives::Value;
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::*;

    fn frame(performative: &[u8], payload: &[u8]) -> Vec<u8> {
        let size = (HEADER + performative.len() + payload.len()) as u32;
        let mut frame = size.to_be_bytes().to_vec();
        frame.extend([2, AMQP, 0, 7]);
        frame.extend(performative);
        frame.extend(payload);
        frame
    }

    /// Pads a performative, and sees that it says the same with all its fields.
    fn full<T>(performative: &T, fields: usize, payload: &[u8])
    where
        T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
    {
        let written = serde_amqp::to_vec(performative).unwrap();
        let mut padded = Vec::new();
        let carried = pad(&frame(&written, payload), &mut padded);
        assert_eq!(carried, payload.len());
        assert_eq!(whole(&padded), Some(padded.len()));
        assert!(padded.ends_with(payload));
        assert_eq!(padded[4..HEADER], [2, AMQP, 0, 7]);
        let body = &padded[HEADER..padded.len() - payload.len()];
        assert_eq!(&serde_amqp::from_slice::<T>(body).unwrap(), performative);
        // behind the descriptor stands the list, whose values can be counted
        let list: Value = serde_amqp::from_slice(&body[3..]).unwrap();
        assert!(
            matches!(&list, Value::List(list) if list.len() == fields),
            "{list:?}"
        );
        let mut again = Vec::new();
        pad(&padded, &mut again);
        assert_eq!(again, padded);
    }

    #[test]
    fn every_field_of_a_performative_is_written() {
        let open = Open {
            container_id: "hub".to_owned(),
            hostname: None,
            max_frame_size: 65_536.into(),
            channel_max: 255.into(),
            idle_time_out: None,
            outgoing_locales: None,
            incoming_locales: None,
            offered_capabilities: None,
            desired_capabilities: None,
            properties: None,
        };
        full(&open, 10, b"");
        let disposition = Disposition {
            role: Role::Receiver,
            first: 300,
            last: None,
            settled: true,
            state: Some(DeliveryState::Accepted(Accepted {})),
            batchable: false,
        };
        full(&disposition, 6, b"");
        let flow = Flow {
            next_incoming_id: None,
            incoming_window: 5,
            next_outgoing_id: 0,
            outgoing_window: 5,
            handle: None,
            delivery_count: None,
            link_credit: None,
            available: None,
            drain: false,
            echo: false,
            properties: None,
        };
        full(&flow, 11, b"");
        full(&End { error: None }, 1, b"");
        full(&Close { error: None }, 1, b"");
        let transfer = Transfer {
            handle: Handle(1),
            delivery_id: Some(1),
            delivery_tag: None,
            message_format: None,
            settled: Some(true),
            more: false,
            rcv_settle_mode: None,
            state: None,
            resume: false,
            aborted: false,
            batchable: false,
        };
        full(&transfer, 11, b"\x00\x53\x75\xa0\x01x");
    }

    #[test]
    fn what_is_no_performative_goes_through() {
        let sasl = [0, 0, 0, 12, 2, 1, 0, 0, 0, 0x53, 0x44, LIST_0];
        let empty = [0, 0, 0, 8, 2, 0, 0, 0];
        for bytes in [&b"AMQP\x03\x01\x00\x00"[..], &sasl, &empty] {
            assert_eq!(whole(bytes), Some(bytes.len()));
            assert_eq!(whole(&bytes[..bytes.len() - 1]), None);
            let mut out = Vec::new();
            pad(bytes, &mut out);
            assert_eq!(out, bytes);
        }
        assert_eq!(whole(b"AM"), None);
    }
}
