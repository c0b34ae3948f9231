#include "net/socket/transport.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(PlainTransport) {
  int ends[2] = {-1, -1};
  std::unique_ptr<PlainTransport> transport;
  void setup() override {
    CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    transport =
        std::make_unique<PlainTransport>(UniqueFd(ends[0]), *Address::parse("192.0.2.1", 5));
  }
  void teardown() override {
    transport.reset();
    if (ends[1] >= 0) ::close(ends[1]);
  }
  std::string received() {
    char buffer[4096];
    const auto n = ::recv(ends[1], buffer, sizeof buffer, 0);
    return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : std::string();
  }
};

TEST(PlainTransport, ReturnsAgainWhenThereIsNothingToRead) {
  std::byte into[8];
  CHECK(transport->read(into).status == IoStatus::kAgain);
}
TEST(PlainTransport, ReturnsEofWhenThePeerHasFinished) {
  ::close(ends[1]);
  ends[1] = -1;
  std::byte into[8];
  CHECK(transport->read(into).status == IoStatus::kEof);
}
TEST(PlainTransport, WritesSeveralPartsAsOne) {
  std::string a = "left ", b = "right";
  iovec parts[2] = {{a.data(), a.size()}, {b.data(), b.size()}};
  const IoResult result = transport->write_v(parts, false);
  CHECK(result.status == IoStatus::kDone);
  LONGS_EQUAL(10, result.bytes);
  STRCMP_EQUAL("left right", received().c_str());
}
TEST(PlainTransport, SendsFromAFileAtAnOffset) {
  UniqueFd file(::memfd_create("t", MFD_CLOEXEC));
  CHECK(::write(file.get(), "0123456789", 10) == 10);
  const IoResult result = transport->send_file(file.get(), 3, 4);
  CHECK(result.status == IoStatus::kDone);
  LONGS_EQUAL(4, result.bytes);
  STRCMP_EQUAL("3456", received().c_str());
}
TEST(PlainTransport, SendingPastTheEndOfTheFileIsAnErrorNotAnEndlessLoop) {
  UniqueFd file(::memfd_create("t", MFD_CLOEXEC));
  CHECK(transport->send_file(file.get(), 0, 4).status == IoStatus::kError);
}
TEST(PlainTransport, AFullSocketReturnsAgainAndABrokenOneError) {
  std::string block(65536, 'x');
  iovec part{block.data(), block.size()};
  IoResult result{};
  for (int i = 0; i < 1000 && result.status == IoStatus::kDone; ++i)
    result = transport->write_v({&part, 1}, false);
  CHECK(result.status == IoStatus::kAgain);
  ::close(ends[1]);
  ends[1] = -1;
  CHECK(transport->write_v({&part, 1}, false).status == IoStatus::kError);
}
TEST(PlainTransport, KnowsItsPeer) { STRCMP_EQUAL("192.0.2.1", transport->peer().ip().c_str()); }
