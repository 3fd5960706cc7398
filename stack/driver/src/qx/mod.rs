//! UPSes that speak Megatec ("Q1") over a serial line: `nutdrv_qx` and `blazer_ser`.

pub mod battery;
pub mod megatec;
