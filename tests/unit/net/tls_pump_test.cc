#include "net/tls/tls_pump.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "net/tls_fixture.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

TEST_GROUP_BASE(TlsPump, TlsFixture) {
  Loop loop{0, system_clock()};
  std::unique_ptr<TlsPump> pump;
  UniqueFd served;  // the end of the process that serves the connection

  void begin() {
    connected();
    int ends[2];
    CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    served = UniqueFd(ends[1]);
    pump = std::make_unique<TlsPump>(loop);
    CHECK(server->can_be_pumped());
    pump->add(std::move(server), UniqueFd(ends[0]));
  }
  void teardown() override {
    pump.reset();
    TlsFixture::teardown();
  }
  // What is served, until so many bytes have come or none comes any more.
  std::string read_served(std::size_t most) {
    std::string text;
    char piece[5000];
    for (int i = 0; i < 200 && text.size() < most; ++i) {
      loop.run_once(false);
      const ssize_t n = ::recv(served.get(), piece, std::min(sizeof piece, most - text.size()), 0);
      if (n > 0) text.append(piece, static_cast<std::size_t>(n));
    }
    return text;
  }
};

TEST(TlsPump, CarriesEveryByteDownToAReaderThatIsSlow) {
  begin();
  std::string sent, got;
  for (int i = 0; sent.size() < 3'000'000; ++i) sent += std::to_string(i) + ' ';
  std::size_t at = 0;
  for (int i = 0; i < 200'000 && got.size() < sent.size(); ++i) {
    const ssize_t n = ::send(served.get(), sent.data() + at,
                             std::min<std::size_t>(70'001, sent.size() - at), MSG_NOSIGNAL);
    if (n > 0) at += static_cast<std::size_t>(n);
    loop.run_once(false);
    // The client's socket is full most of the time.
    got += read_all(*client, 9'001);
  }
  CHECK(got == sent);
}
TEST(TlsPump, CarriesEveryByteUpAlsoThoseThatWereReadFromTheSocketBefore) {
  connected();
  // One record, of which the server reads a part: the rest lies in OpenSSL.
  write_text(*client, std::string(10'000, 'a') + std::string(5'000, 'b'));
  STRCMP_EQUAL("aaaaa", read_all(*server, 5).c_str());
  int ends[2];
  CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
  served = UniqueFd(ends[1]);
  pump = std::make_unique<TlsPump>(loop);
  pump->add(std::move(server), UniqueFd(ends[0]));
  CHECK(read_served(14'995) == std::string(9'995, 'a') + std::string(5'000, 'b'));
}
TEST(TlsPump, TheEndOfTheServerComesBehindItsLastByte) {
  begin();
  pump->stop_at_the_end();
  CHECK(::send(served.get(), "last words", 10, 0) == 10);
  served.reset();
  for (int i = 0; i < 10; ++i) loop.run_once(false);
  STRCMP_EQUAL("last words", read_all(*client, 100).c_str());
  std::byte into[10];
  CHECK(client->read(into).status == IoStatus::kEof);
  LONGS_EQUAL(0, pump->size());
  CHECK(tap->closed);
}
TEST(TlsPump, TheEndOfTheClientIsTheEndOfWhatItSends) {
  begin();
  write_text(*client, "request");
  client->shut_down_write();
  STRCMP_EQUAL("request", read_served(7).c_str());
  for (int i = 0; i < 10; ++i) loop.run_once(false);
  char byte = 0;
  LONGS_EQUAL(0, ::recv(served.get(), &byte, 1, 0));
  // And it is answered still.
  CHECK(::send(served.get(), "answer", 6, 0) == 6);
  for (int i = 0; i < 10; ++i) loop.run_once(false);
  STRCMP_EQUAL("answer", read_all(*client, 100).c_str());
}
TEST(TlsPump, OneThatIsToEndPassesOnWhatTheServerHasSent) {
  begin();
  CHECK(::send(served.get(), "last words", 10, 0) == 10);
  LONGS_EQUAL(1, pump->staying());
  pump->end_oldest(3);
  LONGS_EQUAL(0, pump->staying());
  for (int i = 0; i < 10; ++i) loop.run_once(false);
  STRCMP_EQUAL("last words", read_all(*client, 100).c_str());
  std::byte into[10];
  CHECK(client->read(into).status == IoStatus::kEof);
  char byte = 0;
  LONGS_EQUAL(0, ::recv(served.get(), &byte, 1, 0));
  CHECK(::send(served.get(), "more", 4, MSG_NOSIGNAL) < 0);
  LONGS_EQUAL(0, pump->size());
}
TEST(TlsPump, AClientThatIsGoneEndsTheConnection) {
  begin();
  client.reset();
  for (int i = 0; i < 20 && pump->size() > 0; ++i) {
    (void)::send(served.get(), "x", 1, MSG_NOSIGNAL);
    loop.run_once(false);
  }
  LONGS_EQUAL(0, pump->size());
}
