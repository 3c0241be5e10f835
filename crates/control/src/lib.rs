//! The master's mind: a conference and a cluster as one, and what lies between them.
