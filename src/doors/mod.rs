//! Each room here touches one part of the outside world.
