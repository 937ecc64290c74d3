// In place of webrtc-polyfill, whose native library is not in the package registry: without it WebTorrent
// uses TCP and uTP only, which is all that the lab's peers speak.
export const RTCPeerConnection = undefined
export const RTCSessionDescription = undefined
export const RTCIceCandidate = undefined
export const RTCIceTransport = undefined
export const RTCDataChannel = undefined
export const RTCSctpTransport = undefined
export const RTCDtlsTransport = undefined
export const RTCCertificate = undefined
export default {}
