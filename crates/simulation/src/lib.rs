//! Worlds in which the real cores of master and node live through bad days, one seed each.
