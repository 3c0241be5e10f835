//! openvidu
