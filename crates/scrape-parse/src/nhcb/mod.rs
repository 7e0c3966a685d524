//! Classic histograms turned into native ones with custom buckets.

mod convert;

pub(crate) use convert::Nhcb;
