#include "http/body_client.h"

#include <array>
#include <utility>

#include "base/cat.h"

namespace lb {
namespace {

constexpr std::size_t kBodyPiece = 16384;

}  // namespace

BodyClient::BodyClient(Connector& connector, ClientRequest request, std::size_t most_bytes,
                       std::chrono::milliseconds deadline, Then then)
    : loop_(connector.loop()),
      most_bytes_(most_bytes),
      time_(deadline),
      then_(std::move(then)),
      deadline_(loop_, [this] { finish(Error::timeout("did not finish its answer in time")); }) {
  client_ = std::make_unique<Client>(
      connector, std::move(request),
      [this](Result<ClientAnswer> answer) { on_answer(std::move(answer)); });
}

void BodyClient::on_answer(Result<ClientAnswer> answer) {
  if (!answer) {
    finish(answer.error());
    return;
  }
  auto reader = BodyReader::for_response(answer->response.headers, false);
  if (!reader) {
    finish(reader.error());
    return;
  }
  reader_ = *reader;
  fetched_.response = std::move(answer->response);
  transport_ = std::move(answer->transport);
  fetched_.peer = transport_->peer();
  deadline_.after(time_);
  if (reader_.ended()) {
    fetched_.complete = true;
    finish(std::move(fetched_));
    return;
  }
  watch_.start<&BodyClient::on_readable>(loop_, transport_->fd(), EV_READ, this);
  if (take(std::as_writable_bytes(std::span(answer->leftover))) && transport_->buffered() > 0)
    on_readable(EV_READ);
}

void BodyClient::on_readable(short) {
  do {
    if (!read_some()) return;
  } while (transport_->buffered() > 0);
}

// False: no more can be read now, or the request is finished.
bool BodyClient::read_some() {
  std::array<std::byte, kBodyPiece> buffer;
  const IoResult result = transport_->read(buffer);
  switch (result.status) {
    case IoStatus::kAgain:
      return false;
    case IoStatus::kDone:
      return take(std::span(buffer).first(result.bytes));
    case IoStatus::kEof:
      fetched_.complete = reader_.framing() == BodyReader::Framing::kUntilClose;
      break;
    case IoStatus::kError:
      break;
  }
  finish(std::move(fetched_));
  return false;
}

// False: the request is finished.
bool BodyClient::take(std::span<std::byte> bytes) {
  const auto taken = reader_.take(bytes);
  if (!taken) {
    finish(taken.error());
    return false;
  }
  if (fetched_.body.size() + taken->bytes > most_bytes_) {
    finish(Error::limit(cat({"answered with more than ", most_bytes_, " bytes"})));
    return false;
  }
  fetched_.body.append(reinterpret_cast<const char*>(bytes.data()), taken->bytes);
  if (!taken->ended) return true;
  fetched_.complete = true;
  finish(std::move(fetched_));
  return false;
}

void BodyClient::finish(Result<FetchedBody> result) {
  watch_.stop();
  deadline_.cancel();
  auto then = std::move(then_);
  then(std::move(result));  // may destroy this
}

}  // namespace lb
