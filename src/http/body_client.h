// BodyClient: one outgoing request that reads the whole answer, up to a limit of bytes.
//
// Thread: the connector's loop.
// Ownership: the caller; destroying it ends the request, and `then` is not called.
// Errors: the fault of the other side, without its name, which the caller knows.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>

#include "http/body.h"
#include "http/client.h"

namespace lb {

struct FetchedBody {
  Response response;
  std::string body;
  Address peer;           // that has answered
  bool complete = false;  // by its length, its last chunk or an orderly close
};

class BodyClient {
 public:
  using Then = UniqueFunction<void(Result<FetchedBody>)>;

  // `deadline`: for the body, after the head.  A body of more than most_bytes is an error.
  BodyClient(Connector& connector, ClientRequest request, std::size_t most_bytes,
             std::chrono::milliseconds deadline, Then then);

 private:
  void on_answer(Result<ClientAnswer> answer);
  void on_readable(short events);
  bool read_some();
  bool take(std::span<std::byte> bytes);
  void finish(Result<FetchedBody> result);

  Loop& loop_;
  const std::size_t most_bytes_;
  const std::chrono::milliseconds time_;
  Then then_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<Transport> transport_;
  BodyReader reader_;
  FetchedBody fetched_;
  Watch watch_;
  Deadline deadline_;
};

}  // namespace lb
