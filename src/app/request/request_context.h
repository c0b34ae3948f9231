// RequestContext: what the stages have found out about a request, from one to the next: its place
// among the clients, the token that it came with, and what an authenticator said.
//
// Thread: the worker of its connection.
// Ownership: the connection, until the answer is out (http/connection.h); a request that becomes a
// listener, a source or a reader of events takes its place with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "app/request/hls_ask.h"
#include "app/request/past_ask.h"
#include "app/services/parked_requests.h"
#include "cluster/slots/slot_row.h"
#include "http/connection.h"
#include "stream/listener/listener.h"
#include "stream/mount/gate.h"
#include "stream/mount/slot_gate.h"

namespace lb {

struct Config;
struct DirectOffer;
struct Identity;
struct MountSettings;

struct RequestContext {
  GatePass client_pass;
  std::shared_ptr<const Config> config;  // of this round of the stages (request_config.h) …
  unsigned config_round = 0;
  const MountSettings* section = nullptr;  // in it, of this path
  std::string section_path;
  bool authorised = false;      // by the authenticator of the path that was asked for
  bool is_relay = false;        // limits of listeners do not hold
  bool is_server = false;       // another server that relays the mount: no part of the audience
  bool redirected = false;      // came with a valid token of the cluster
  bool from_list = false;       // … which was in a playlist
  bool signed_by_ours = false;  // … by a key of ours
  std::uint8_t redirected_by = 0;
  std::uint32_t client = 0;  // as that master names this one; 0: it does not
  bool arrived = false;      // its redirect is confirmed
  bool sent_back = false;    // by a node that could not serve it
  std::uint8_t sent_back_by = 0;
  bool stays = false;                  // it has been sent back once, and is not sent back again
  bool direct = false;                 // cannot be redirected; that alone is why it is served here
  std::optional<WaitOutcome> waited;   // for the stage that has waited, which takes it
  std::shared_ptr<DirectOffer> offer;  // … and this: the bytes that it has waited for
  SlotPass slot;                       // of the mount that it asks for
  std::optional<SlotWord> slot_word;   // it has waited for one; kNone: it has it
  bool is_node = false;                // of the cluster, which takes slots for its own listeners
  bool looked_up = false;              // masters have been asked for its mount
  bool external_asked = false;         // likewise the backend of the external configuration
  std::optional<std::chrono::seconds> time_limit;
  std::unique_ptr<EndNotice> notice;
  std::unique_ptr<HlsAsk> hls;    // null: it is not of HLS
  std::shared_ptr<PastAsk> past;  // it wants something of the mount's past; gone: it has left
  std::shared_ptr<const Identity> identity;  // of the sender, once it is known (who_asks.h) …
  bool password_judged = false;  // … and its password has been counted, right or wrong
  bool source_judged = false;    // … likewise as the login of the mount's source

  // Where it begins in a recorded file, or in the live log; null: it does not, or not yet.
  ShiftedStart* shifted() const {
    return past ? std::get_if<ShiftedStart>(&past->begins) : nullptr;
  }
  const StreamAddress* resumes() const {
    return past ? std::get_if<StreamAddress>(&past->begins) : nullptr;
  }
};

inline RequestContextPtr make_request_context() {
  return {new RequestContext, [](RequestContext* context) { delete context; }};
}

}  // namespace lb
