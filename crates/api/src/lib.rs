//! Muster's own API, under `/muster/api`: what OpenVidu has no words for.
