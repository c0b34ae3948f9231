// What a process takes from another version of the program: offers as later ones may write them,
// and one as the first has written it.
#include "app/handover/take_over.h"

#include <unistd.h>

#include "net/socket/fd_parcel.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

constexpr auto kOfferType = static_cast<std::uint32_t>(HandoverType::kOffer);

constexpr std::string_view kFirstOffer(
    "\x03\x29\x06\x01\x09\x05\x30\x2e\x31\x2e\x30\x0c\x02\x10\xe7\x24\x14\x00\x24\x00\x29"
    "\x15\x04\xc0\x3e\x08\xc0\x3e\x0d\x09\x31\x32\x37\x2e\x30\x2e\x30\x2e\x31\x10\x00\x14"
    "\x00",
    43);

OfferRecord some_offer() {
  OfferRecord offer;
  offer.version = "0.1.0";
  offer.workers = 2;
  offer.known_pid = 4711;
  SocketRecord socket;
  socket.wanted_port = socket.port = 8000;
  socket.bind_address = "127.0.0.1";
  offer.sockets.push_back(socket);
  return offer;
}

RecordOut written(const OfferRecord& offer) {
  RecordOut out;
  record_fields(out, offer);
  return out;
}

}  // namespace

TEST_GROUP(TakeOver) {
  FdChannel there;

  Result<std::unique_ptr<TakeOver>> begun(std::string_view bytes) {
    auto ends = FdChannel::make();
    CHECK(ends.has_value());
    there = std::move(ends->first);
    CHECK(send_parcel(there, bytes, {}, 1s).has_value());
    return TakeOver::begin(::dup(ends->second.fd()));
  }
  Result<std::unique_ptr<TakeOver>> begun(const RecordOut& offer) {
    std::string bytes;
    put_record(bytes, kOfferType, true, offer);
    return begun(bytes);
  }
  // What the process before is told.
  std::string told() {
    auto parcel = receive_parcel(there, 1s);
    if (!parcel) return "nothing";
    RecordList list(parcel->bytes);
    const auto head = list.next();
    CHECK(head.has_value() && head->has_value());
    CHECK_EQUAL(static_cast<std::uint32_t>(HandoverType::kRefused), (*head)->type);
    WordRecord word;
    RecordIn in("answer", (*head)->bytes);
    record_fields(in, word);
    CHECK(in.done().has_value());
    return word.text;
  }
};

TEST(TakeOver, AnOfferOfTheSameVersionIsTaken) {
  RecordOut out = written(some_offer());
  auto taken = begun(out);
  CHECK(taken.has_value());
  CHECK_EQUAL(2U, (*taken)->workers());
  CHECK_EQUAL(4711U, (*taken)->standing().known_pid);
  CHECK_EQUAL(8000, (*taken)->sockets().front().port);
}
// Written by the first version with this format.  It is never changed: a field that is added is
// absent here.
TEST(TakeOver, TheFirstOfferOfThisFormatIsRead) {
  auto taken = begun(kFirstOffer);
  CHECK(taken.has_value());
  CHECK_EQUAL(2U, (*taken)->workers());
  CHECK_EQUAL(4711U, (*taken)->standing().known_pid);
  CHECK_EQUAL(8000, (*taken)->sockets().front().port);
}
TEST(TakeOver, WhatALaterVersionAddsIsSkipped) {
  RecordOut out = written(some_offer());
  out(900, std::string("of a later version"));
  out(901, std::uint64_t{1});
  auto taken = begun(out);
  CHECK(taken.has_value());
  CHECK_EQUAL(4711U, (*taken)->standing().known_pid);
}
TEST(TakeOver, WhatMustBeKnownAndIsNotIsRefusedWithItsField) {
  RecordOut out = written(some_offer());
  out.needed(900, std::uint64_t{1});
  const auto taken = begun(out);
  CHECK(!taken.has_value());
  STRCMP_CONTAINS("must be known", told().c_str());
}
TEST(TakeOver, AnotherFormatIsRefusedWithItsNumber) {
  OfferRecord offer = some_offer();
  offer.format = kHandoverFormat + 1;
  CHECK(!begun(written(offer)).has_value());
  STRCMP_EQUAL("its format of a hand-over is 2, this program knows 1", told().c_str());
}
TEST(TakeOver, AnythingElseIsAnError) {
  CHECK(!begun(std::string_view("no record")).has_value());
  std::string other;
  put_record(other, static_cast<std::uint32_t>(HandoverType::kPrepared), true, RecordOut());
  CHECK(!begun(std::string_view(other)).has_value());
}
