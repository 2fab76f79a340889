//! What comes from the topic of the other service: taken together with the position behind it, in one commit.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::events;
use super::intake::{Origin, TakenOrder, TakenUpdate, received_order, received_update};
use super::kafka_out::{Broken, cluster};
use super::role::Role;
use super::rows::{POSITIONS, Road, put, row};
use super::service::{Service, now_ms};
use crate::base::position::Positions;
use crate::doors::kafka::{Inflow, Inlet, MessageBatch};
use crate::doors::store::StoreError;
use crate::services::runtime::event_of;
use crate::tools::failpoint::failpoint;
use crate::words::supply::Update;

/// A look at whether a stop is asked for.
const LOOK: Duration = Duration::from_millis(100);

/// Between two publications of the positions.
const PUBLISH: Duration = Duration::from_secs(2);

/// A look at whether there is room.
const ROOM: Duration = Duration::from_millis(500);

/// Before a lane that broke is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Reads until a stop is asked for.
///
/// # Errors
/// [`StoreError`] when the store has ended, or cannot be read.
pub(super) fn run(service: &Service) -> Result<(), StoreError> {
    while !service.shutdown.is_requested() {
        match lane(service) {
            Ok(()) => {}
            Err(Broken::Store(error)) => return Err(error),
            Err(Broken::Kafka(_)) if service.shutdown.is_requested() => {}
            Err(Broken::Kafka(reason)) => service.tell(&events::kafka_in(&reason)),
        }
        service.roads.is_reading.store(false, Ordering::Release);
        service.shutdown.wait_timeout(PAUSE);
    }
    Ok(())
}

fn lane(service: &Service) -> Result<(), Broken> {
    let (cluster, topic) = cluster(service, &service.wishes.topic_in, false)?;
    let view = service.store.view()?;
    let key = topic.name.clone().into_bytes();
    let positions: Option<Positions> = row(&view, POSITIONS, &key)?;
    drop(view);
    let group = service.role.group();
    let mut inlet = cluster.inlet(&topic, group, positions.unwrap_or_default()).map_err(Broken::kafka)?;
    service.roads.is_reading.store(true, Ordering::Release);
    service.tell(&events::kafka_ready(&topic.name));
    let (mut published, mut is_changed) = (Instant::now(), false);
    while !service.shutdown.is_requested() {
        wait_for_room(service);
        let inflow = inlet.next(LOOK).map_err(Broken::kafka)?;
        match inflow {
            Some(Inflow::Messages(batch)) => {
                take(service, &mut inlet, &batch)?;
                inlet.recycle(batch);
                is_changed = true;
            }
            Some(other) => tell(service, &topic.name, &other),
            None => {}
        }
        if is_changed && published.elapsed() >= PUBLISH {
            failpoint("committed-not-published");
            inlet.commit();
            (published, is_changed) = (Instant::now(), false);
        }
        service.figures.meters.progress(group, &topic.name, &inlet.ends());
    }
    Ok(())
}

/// Without room nothing more is read: it stays in Kafka, which keeps it longer than a full disk lasts.
fn wait_for_room(service: &Service) {
    let Some(reason) = service.no_room() else { return };
    service.tell(&events::disk_full(&reason));
    while service.no_room().is_some() {
        if service.shutdown.wait_timeout(ROOM) {
            return;
        }
    }
    service.tell(&events::disk_room());
}

/// A message that is due.
struct Arrived {
    payload: Vec<u8>,
    place: String,
}

enum Taken {
    Order(TakenOrder),
    Update(TakenUpdate, String, String),
}

fn take(service: &Service, inlet: &mut Inlet, batch: &MessageBatch) -> Result<(), StoreError> {
    let mut arrived = Vec::new();
    for message in batch.iter() {
        if inlet.take(&message) {
            let place = format!("{}/{}@{}", inlet.topic(), message.partition, message.offset);
            arrived.push(Arrived { payload: message.payload.unwrap_or_default().to_vec(), place });
        }
    }
    let (role, step_ms, now_ms) = (service.role, service.interval_ms(), now_ms());
    let (topic, positions) = (inlet.topic().as_bytes().to_vec(), inlet.positions().clone());
    failpoint("received-not-committed");
    let taken = service.store.commit(move |change| {
        let mut taken = Vec::new();
        for Arrived { payload, place } in &arrived {
            let origin = Origin { road: Road::Kafka, now_ms, key: None, place: Some(place) };
            taken.push(match role {
                Role::DevMateriels => Taken::Order(received_order(change, payload, step_ms, origin)?),
                Role::WagonLits => {
                    let update = received_update(change, payload, origin)?;
                    let read = Update::read(payload).ok();
                    let (number, message) = read.map(|read| (read.order_number, read.message)).unwrap_or_default();
                    Taken::Update(update, number, message)
                }
            });
        }
        // With what was taken or not at all: whatever is killed here is read again.
        put(change, POSITIONS, &topic, &positions)?;
        Ok(taken)
    });
    for taken in taken? {
        match taken {
            Taken::Order(taken) => service.order_taken(&taken, Road::Kafka),
            Taken::Update(taken, number, message) => service.update_taken(&taken, &number, &message, Road::Kafka),
        }
    }
    service.outbox_grew()
}

fn tell(service: &Service, topic: &str, inflow: &Inflow) {
    match inflow {
        Inflow::BrokerLost { .. } | Inflow::Unreadable { .. } => {
            service.roads.is_reading.store(false, Ordering::Release)
        }
        Inflow::BrokerBack | Inflow::Readable => service.roads.is_reading.store(true, Ordering::Release),
        _ => {}
    }
    if let Some(event) = event_of(topic, inflow) {
        service.tell_in("kafka", &event);
    }
}
