#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/tls_fixture.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

TEST_GROUP_BASE(Tls, TlsFixture){};

TEST(Tls, CarriesBytesBothWays) {
  connected();
  CHECK(write_text(*client, "GET / HTTP/1.0\r\n\r\n").status == IoStatus::kDone);
  STRCMP_EQUAL("GET / HTTP/1.0\r\n\r\n", read_all(*server, 100).c_str());
  CHECK(write_text(*server, "HTTP/1.0 200 OK\r\n\r\n").status == IoStatus::kDone);
  STRCMP_EQUAL("HTTP/1.0 200 OK\r\n\r\n", read_all(*client, 100).c_str());
  std::byte into[10];
  CHECK(server->read(into).status == IoStatus::kAgain);
}
TEST(Tls, ReadingAheadTakesAllThatTheSocketHasByOneCall) {
  connected();
  server->read_ahead();
  for (int i = 0; i < 3; ++i) {
    for (const char* each : {"one ", "two ", "three"}) write_text(*client, each);
    tap->reads = 0;
    STRCMP_EQUAL("one two three", read_all(*server, 100).c_str());
    LONGS_EQUAL(1, tap->reads);
    STRCMP_EQUAL("", read_all(*server, 100).c_str());  // and the next one asks the socket
    LONGS_EQUAL(2, tap->reads);
  }
  // More than fits into OpenSSL's buffer, in any pieces.
  std::string sent, got;
  for (int i = 0; i < 5; ++i) {
    const std::string each(9000, static_cast<char>('a' + i));
    write_text(*client, each);
    sent += each;
  }
  for (int i = 0; i < 20; ++i) got += read_all(*server, 50'000);
  CHECK(got == sent);
}
TEST(Tls, ShowsThePeerOfTheSocketBelowAndTakesAnotherOne) {
  connected();
  STRCMP_EQUAL("192.0.2.1", server->peer().ip().c_str());
  server->set_peer(*Address::parse("203.0.113.4", 0));
  STRCMP_EQUAL("203.0.113.4", server->peer().ip().c_str());
  CHECK(server->fd() >= 0);
  CHECK(!server->can_send_file());
}
TEST(Tls, SeveralSmallPartsAreOneRecord) {
  connected();
  std::string a = "audio", b(1, '\0'), c, d = "more audio";
  const iovec parts[] = {
      {a.data(), a.size()}, {b.data(), b.size()}, {c.data(), 0}, {d.data(), d.size()}};
  const IoResult result = server->write_v(parts, true);
  CHECK(result.status == IoStatus::kDone);
  LONGS_EQUAL(16, result.bytes);
  LONGS_EQUAL(1, tap->writes.size());
  CHECK(tap->more[0]);
  CHECK(read_all(*client, 100) == a + b + d);
}
TEST(Tls, ACallTakesNoMoreThanARecord) {
  connected();
  const std::string big(40000, 'x');
  LONGS_EQUAL(16384, write_text(*server, big).bytes);
  LONGS_EQUAL(1, tap->writes.size());
  std::string head(100, 'a'), tail(20000, 'b');
  const iovec parts[] = {{head.data(), head.size()}, {tail.data(), tail.size()}};
  LONGS_EQUAL(16384, server->write_v(parts, false).bytes);
  const iovec reversed[] = {{tail.data(), tail.size()}, {head.data(), head.size()}};
  LONGS_EQUAL(16384, server->write_v(reversed, false).bytes);
  const std::string got = read_all(*client, 60000);
  LONGS_EQUAL(3 * 16384, got.size());
  CHECK(got.substr(16384, 200) == head + std::string(100, 'b'));
  CHECK(got.substr(2 * 16384) == std::string(16384, 'b'));
}
TEST(Tls, NothingToWriteIsDone) {
  connected();
  iovec nothing{nullptr, 0};
  const IoResult result = server->write_v({&nothing, 1}, false);
  CHECK(result.status == IoStatus::kDone);
  LONGS_EQUAL(0, result.bytes);
  LONGS_EQUAL(0, tap->writes.size());
}
TEST(Tls, AReaderWithASmallBufferGetsTheRestOfARecord) {
  connected();
  write_text(*client, std::string(1000, 'q'));
  LONGS_EQUAL(300, read_all(*server, 300).size());
  LONGS_EQUAL(700, server->buffered());
  LONGS_EQUAL(700, read_all(*server, 5000).size());
  LONGS_EQUAL(0, server->buffered());
}
TEST(Tls, AFullSocketHoldsBackARecordAndNoByteIsLostOrDoubled) {
  connected();
  std::string sent, got;
  const auto byte_at = [](std::size_t i) { return static_cast<char>((i * 2654435761u) >> 13); };
  bool was_full = false;
  for (int round = 0; round < 400 && sent.size() < (3u << 20); ++round) {
    for (;;) {
      std::string piece;
      // Another size every time: what is held back must not depend on what is asked next.
      const std::size_t size = 1 + (sent.size() * 7919) % 30000;
      for (std::size_t i = 0; i < size; ++i) piece += byte_at(sent.size() + i);
      const IoResult result = write_text(*server, piece);
      if (result.status == IoStatus::kAgain) {
        CHECK(server->flush() == IoStatus::kAgain);
        was_full = true;
        break;
      }
      CHECK(result.status == IoStatus::kDone);
      sent.append(piece, 0, result.bytes);
      if (sent.size() >= (3u << 20)) break;
    }
    got += read_all(*client, 1 << 18);
  }
  CHECK(was_full);
  while (server->flush() == IoStatus::kAgain) got += read_all(*client, 1 << 18);
  for (std::string last = "x"; !last.empty();) got += last = read_all(*client, 1 << 18);
  LONGS_EQUAL(sent.size(), got.size());
  CHECK(sent == got);
}
TEST(Tls, SendsAFilePieceByPiece) {
  connected();
  UniqueFd file(::memfd_create("t", MFD_CLOEXEC));
  const std::string text(20000, 'f');
  CHECK(::write(file.get(), text.data(), text.size()) == 20000);
  LONGS_EQUAL(16384, server->send_file(file.get(), 0, 20000).bytes);
  LONGS_EQUAL(3616, server->send_file(file.get(), 16384, 3616).bytes);
  LONGS_EQUAL(5, server->send_file(file.get(), 10, 5).bytes);
  CHECK(server->send_file(file.get(), 20000, 10).status == IoStatus::kError);
  LONGS_EQUAL(20005, read_all(*client, 30000).size());
}
TEST(Tls, AGoodbyeAndAPlainCloseAreBothTheEnd) {
  connected();
  client->shut_down_write();
  std::byte into[10];
  CHECK(server->read(into).status == IoStatus::kEof);
  CHECK(server->read(into).status == IoStatus::kEof);
  CHECK(write_text(*server, "still listening").status == IoStatus::kDone);
  STRCMP_EQUAL("still listening", read_all(*client, 100).c_str());

  connected();
  ::shutdown(client->fd(), SHUT_RDWR);
  CHECK(server->read(into).status == IoStatus::kEof);
}
TEST(Tls, SendsCloseNotifyWhenItIsDestroyed) {
  connected();
  write_text(*server, "last words");
  server.reset();
  CHECK(tap->closed);
  STRCMP_EQUAL("last words", read_all(*client, 100).c_str());
  std::byte into[10];
  CHECK(client->read(into).status == IoStatus::kEof);
}
TEST(Tls, FinishesAHalfCloseOnce) {
  connected();
  server->shut_down_write();
  server->shut_down_write();
  std::byte into[10];
  CHECK(client->read(into).status == IoStatus::kEof);
}
TEST(Tls, GarbageAndTamperingBreakTheConnectionForGood) {
  connected();
  const std::string record =
      std::string("\x17\x03\x03\x00\x20", 5) + "garbage garbage garbage garbage!";
  LONGS_EQUAL(record.size(), ::send(client->fd(), record.data(), record.size(), 0));
  std::byte into[64];
  CHECK(server->read(into).status == IoStatus::kError);
  CHECK(server->read(into).status == IoStatus::kError);
  CHECK(write_text(*server, "x").status == IoStatus::kError);
  CHECK(server->flush() == IoStatus::kError);
}
TEST(Tls, AVanishedPeerIsAnErrorOnWriting) {
  connected();
  client.reset();
  IoResult result;
  for (int i = 0; i < 3 && result.status == IoStatus::kDone; ++i) result = write_text(*server, "x");
  CHECK(result.status == IoStatus::kError);
}
TEST(Tls, PlainHttpToTheServerFailsWithAReason) {
  one_certificate();
  join("radio.test");
  CHECK(::send(client->fd(), "GET / HTTP/1.0\r\n\r\n", 18, 0) == 18);
  CHECK(server->handshake() == IoStatus::kError);
  STRCMP_EQUAL("http request", server->problem().c_str());
}
TEST(Tls, AHandshakeThatIsCutOffFails) {
  one_certificate();
  join("radio.test");
  CHECK(server->handshake() == IoStatus::kAgain);
  CHECK(client->handshake() == IoStatus::kAgain);
  client.reset();
  IoStatus status = IoStatus::kAgain;
  for (int i = 0; i < 5 && status == IoStatus::kAgain; ++i) status = server->handshake();
  CHECK(status == IoStatus::kError);
  CHECK(!server->problem().empty());
}
TEST(Tls, RefusesVersionsBelow12) {
  one_certificate();
  SslContextPtr old(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(old.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(old.get(), TLS1_1_VERSION);
  SSL_CTX_set_cipher_list(old.get(), "ALL:@SECLEVEL=0");
  CHECK(shake_with(old.get()) == IoStatus::kError);
}
TEST(Tls, Speaks12WithoutRenegotiation) {
  one_certificate();
  SslContextPtr twelve(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_max_proto_version(twelve.get(), TLS1_2_VERSION);
  CHECK(shake_with(twelve.get()) == IoStatus::kDone);
  STRCMP_EQUAL("TLSv1.2", SSL_get_version(ssl.get()));
  SSL_renegotiate(ssl.get());
  SSL_do_handshake(ssl.get());
  std::byte into[10];
  CHECK(server->read(into).status == IoStatus::kAgain);  // a warning goes back
  CHECK(SSL_do_handshake(ssl.get()) != 1);
  CHECK(write_text(*server, "x").status == IoStatus::kDone);
}
TEST(Tls, AnswersAKeyUpdateAndGoesOn) {
  one_certificate();
  SslContextPtr any(SSL_CTX_new(TLS_client_method()));
  CHECK(shake_with(any.get()) == IoStatus::kDone);
  SSL_key_update(ssl.get(), SSL_KEY_UPDATE_REQUESTED);
  CHECK(SSL_write(ssl.get(), "hello", 5) == 5);
  STRCMP_EQUAL("hello", read_all(*server, 100).c_str());
  write_text(*server, "hello too");
  char into[100] = "";
  LONGS_EQUAL(9, SSL_read(ssl.get(), into, sizeof into));
  STRCMP_EQUAL("hello too", into);
}
TEST(Tls, APeerThatAsksForKeysForeverAndNeverReadsIsDisconnected) {
  one_certificate();
  SslContextPtr any(SSL_CTX_new(TLS_client_method()));
  CHECK(shake_with(any.get()) == IoStatus::kDone);
  IoStatus status = IoStatus::kAgain;
  std::byte into[100];
  for (int i = 0; i < 200000 && status == IoStatus::kAgain; ++i) {
    SSL_key_update(ssl.get(), SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(ssl.get());
    status = server->read(into).status;
  }
  CHECK(status == IoStatus::kError);
}
TEST(Tls, AgreesOnHttp11AndOnNothingElse) {
  STRCMP_EQUAL("http/1.1", protocol_for(std::string_view("\x02h2\x08http/1.1")).c_str());
  STRCMP_EQUAL("http/1.1", protocol_for(std::string_view("\x08http/1.1")).c_str());
  STRCMP_EQUAL("", protocol_for(std::string_view("\x02h2")).c_str());
  STRCMP_EQUAL("", protocol_for("").c_str());
}

TEST(Tls, AnOldConnectionGoesOnWhenItsContextHasGone) {
  connected();
  context.reset();
  write_text(*server, "still here");
  STRCMP_EQUAL("still here", read_all(*client, 100).c_str());
}
TEST(Tls, AHandshakeUnderWayKeepsItsContext) {
  one_certificate();
  join("radio.test");
  context.reset();
  const auto [ours, theirs] = shake();
  CHECK(ours == IoStatus::kDone && theirs == IoStatus::kDone);
}
