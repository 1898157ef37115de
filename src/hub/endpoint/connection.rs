//! One client's connection: its sessions, and the links in them.

use std::sync::Arc;

use fe2o3_amqp::acceptor::sasl_acceptor::SaslServerFrame;
use fe2o3_amqp::acceptor::{
    ConnectionAcceptor, LinkAcceptor, LinkEndpoint, ListenerSessionHandle, SaslAcceptor,
    SessionAcceptor,
};
use fe2o3_amqp::types::definitions::{AmqpError, ReceiverSettleMode, Role, SenderSettleMode};
use fe2o3_amqp::types::performatives::Attach;
use fe2o3_amqp::types::primitives::{Array, Symbol};
use fe2o3_amqp::types::sasl::{SaslCode, SaslInit, SaslOutcome, SaslResponse};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::Shared;
use super::answers::{AnswerLinks, answer_requests, send_answers};
use super::deliver::{Wanted, deliver};
use super::ingest::ingest;
use super::node::{Place, Refusal, refusal, source, target};
use super::wire::{self, Room};
use super::{CONTAINER, MESSAGE_LIMIT};

/// The largest frame, as the service has it.
const FRAME: u32 = 64 << 10;
/// How many sessions a connection and how many links a session may have.
const SESSIONS: u16 = 255;
const LINKS: u32 = 255;
/// How many frames may be on the way in a session.
const WINDOW: u32 = 5_000;
/// Milliseconds after which a silent client is taken for gone, as the service has it.
const IDLE: u32 = 240_000;

/// Serves a client until it goes.
pub(super) async fn serve(socket: TcpStream, shared: Shared) {
    let acceptor = ConnectionAcceptor::builder()
        .container_id(CONTAINER)
        .max_frame_size(FRAME)
        .channel_max(SESSIONS)
        .idle_time_out(IDLE)
        .sasl_acceptor(Anybody)
        .build();
    let (stream, room) = wire::join(socket);
    let Ok(mut connection) = acceptor.accept(stream).await else {
        // not a client of AMQP, or one that left at once
        return;
    };
    let sessions = SessionAcceptor::builder()
        .incoming_window(WINDOW)
        .outgoing_window(WINDOW)
        .handle_max(LINKS)
        .build();
    let client = Client {
        shared,
        room,
        answers: AnswerLinks::default(),
    };
    let mut serving = JoinSet::new();
    while let Some(incoming) = connection.next_incoming_session().await {
        let Ok(session) = sessions
            .accept_incoming_session(incoming, &mut connection)
            .await
        else {
            break;
        };
        serving.spawn(client.clone().session(session));
    }
    // the sessions' tasks go with the connection
    let _ = connection.on_close().await;
}

#[derive(Clone)]
struct Client {
    shared: Shared,
    room: Room,
    answers: AnswerLinks,
}

impl Client {
    async fn session(self, mut session: ListenerSessionHandle) {
        let acceptor = LinkAcceptor::builder()
            .max_message_size(MESSAGE_LIMIT)
            .verify_incoming_source(false)
            .verify_incoming_target(false)
            .build();
        let mut links = JoinSet::new();
        while let Some(attach) = session.next_incoming_attach().await {
            let address = match attach.role {
                Role::Sender => target(&attach),
                Role::Receiver => source(&attach),
            };
            let place = Place::find(&self.shared.hub, &address.unwrap_or_default());
            let asked = attach.clone();
            let mut attach = attach;
            // the one settlement that the service knows: a send is settled by its answer, and what
            // is delivered needs none, since how far it is read is the consumer's own affair
            attach.rcv_settle_mode = ReceiverSettleMode::First;
            if attach.role == Role::Receiver {
                attach.snd_settle_mode = SenderSettleMode::Settled;
            }
            if place.is_err() {
                // an attach that is refused is answered without a terminus, and then by a detach
                match attach.role {
                    Role::Sender => attach.target = None,
                    Role::Receiver => attach.source = None,
                }
            }
            if let Ok(link) = acceptor.accept_incoming_attach(attach, &mut session).await {
                links.spawn(self.clone().link(link, place, asked));
            }
            while links.try_join_next().is_some() {}
        }
        let _ = session.on_end().await;
    }

    async fn link(self, link: LinkEndpoint, place: Result<Place, Refusal>, attach: Attach) {
        let hub = Arc::clone(&self.shared.hub);
        match (link, place) {
            (LinkEndpoint::Receiver(link), Ok(Place::Node(node))) => {
                answer_requests(link, node, hub, self.answers).await;
            }
            (LinkEndpoint::Sender(link), Ok(Place::Node(node))) => {
                let answers = self.answers.open(node, target(&attach));
                send_answers(link, answers, self.room).await;
            }
            (LinkEndpoint::Receiver(link), Ok(Place::Hub { partition, .. })) => {
                ingest(link, hub, partition, self.shared.clock).await;
            }
            (
                LinkEndpoint::Sender(link),
                Ok(Place::Hub {
                    group,
                    partition: Some(partition),
                }),
            ) => {
                let wanted = Wanted::read(group, partition, &attach);
                deliver(link, hub, wanted, self.shared.readers, self.room).await;
            }
            (LinkEndpoint::Sender(link), Ok(Place::Hub { .. })) => {
                let said = "a receiver reads one partition: its address has to name it";
                let refused = refusal(AmqpError::NotFound, said.to_owned());
                let _ = link.close_with_error(refused).await;
            }
            // a client that is gone need not be told
            (LinkEndpoint::Receiver(link), Err(refused)) => {
                let _ = link.close_with_error(refused).await;
            }
            (LinkEndpoint::Sender(link), Err(refused)) => {
                let _ = link.close_with_error(refused).await;
            }
        }
    }
}

/// Lets everybody in: what a client says of itself is not looked at.
#[derive(Clone)]
struct Anybody;

impl SaslAcceptor for Anybody {
    fn mechanisms(&self) -> Array<Symbol> {
        let mechanisms = ["MSSBCBS", "PLAIN", "ANONYMOUS", "EXTERNAL"];
        Array::from(mechanisms.map(Symbol::from).to_vec())
    }

    fn on_init(&mut self, _: SaslInit) -> SaslServerFrame {
        welcome()
    }

    fn on_response(&mut self, _: SaslResponse) -> SaslServerFrame {
        welcome()
    }
}

fn welcome() -> SaslServerFrame {
    SaslServerFrame::Outcome(SaslOutcome {
        code: SaslCode::Ok,
        additional_data: None,
    })
}
