// Package frame is what host and process plugins say to each other over gRPC: two methods, of one message. It is for core/process
// and sdk/process; plugins have no use for it. Start with [Frame].
//
// This is the contract as a .proto file, for plugins in other languages. Go needs no generated code for it.
//
//	syntax = "proto3";
//	package pergola.process.v1;
//
//	service Plugin {
//	  // One stream is one call. The host sends a Frame with the wire.Call. The plugin sends the wire.Result in a Frame, whose
//	  // host_call is 0, and ends the stream. Before that it may ask the host: a Frame with a wire.Call and a host_call of its
//	  // choice, for each question another.
//	  rpc Call(Frame) returns (stream Frame);
//
//	  // The host opens one such stream, before the first call. On it come the wire.Results of host calls, with the call and
//	  // the host_call that they belong to. A Frame whose host_call is 0 says that the call has to end: nobody waits for its
//	  // result any more. The host looks at when its stream ends.
//	  rpc Tell(stream Frame) returns (Frame);
//	}
//
//	message Frame {
//	  uint64 call = 1;          // a number that the host gives to each call
//	  uint32 host_call = 2;
//	  bytes  message = 3;       // at most wire.MaxMessage bytes
//	  uint64 timeout_us = 4;    // in the Frame that begins a call: microseconds until it has to end
//	}
//
// A host call belongs to the stream that it comes on, and so to the call that the stream is. The number of a call is a word of
// the host's alone: a plugin that writes one is not asked for it, so it cannot act for a call that it was not given.
package frame
