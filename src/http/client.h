// Client: one outgoing request that gives up its socket: it connects, sends the request and reads
// the head of the answer; then the caller owns the transport and reads the body.  Where the request
// wants the body, it reads that too, up to a limit of bytes.
//
// Thread: the connector's loop.
// Ownership: the caller; destroying it ends the request, and `then` is not called.
// Not libcurl, which keeps its socket, while a relay's bytes go straight into the stream log.
// Errors: the fault of the other side, without its name, which the caller knows.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "http/body.h"
#include "http/response.h"
#include "net/socket/connector.h"

namespace lb {

struct BodyWanted {
  std::size_t most_bytes = 0;             // of the body; more is an error
  std::chrono::milliseconds deadline{0};  // after the head
};

struct ClientRequest {
  ConnectTarget target;
  std::string head;  // complete, with its empty line
  std::chrono::milliseconds connect_deadline{10'000};
  std::chrono::milliseconds head_deadline{15'000};  // from connected to the end of the head
  std::optional<BodyWanted> body = {};
};

struct ClientAnswer {
  Response response;
  std::unique_ptr<Transport> transport;
  std::string leftover;  // the beginning of the body
  // Where the request wants it:
  std::string body;
  bool complete = false;  // by its length, its last chunk or an orderly close
};

class Client {
 public:
  using Then = UniqueFunction<void(Result<ClientAnswer>)>;

  // `then` is called once, never from inside this call; it may destroy the client.
  Client(Connector& connector, ClientRequest request, Then then);

 private:
  void on_connected(Connected connected);
  void on_socket(short events);
  bool write_out();
  void read_all();
  bool read_some();
  bool take_head(std::span<std::byte> bytes);
  bool take_body(std::span<std::byte> bytes);
  bool answered();
  bool finish(Result<ClientAnswer> result);

  Connector& connector_;
  const ClientRequest request_;
  Then then_;
  std::unique_ptr<Underway> connecting_;
  std::unique_ptr<Transport> transport_;
  std::size_t sent_ = 0;
  ResponseParser parser_;
  std::optional<BodyReader> reader_;  // once the body is read
  ClientAnswer answer_;
  Watch watch_;
  Deadline deadline_;
};

}  // namespace lb
