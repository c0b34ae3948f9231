#include <string>

#include "app/services/listen_sockets.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(PortRemedy){static void line(const PortFault& fault, const char* expected){
    STRCMP_EQUAL(expected, port_remedy(fault).c_str());
}
}
;

TEST(PortRemedy, WhatThisAccountMayNotHasBothRemedies) {
  line({.code = Error::Code::kDenied, .port = 443, .is_asked = true},
       "ports below 1024 need a start as root with <changeowner>, or CAP_NET_BIND_SERVICE; it is "
       "skipped, the other ports are served");
  line({.code = Error::Code::kDenied, .port = 80, .is_running = true},
       "ports below 1024 are opened at a start as root with <changeowner>, or with "
       "CAP_NET_BIND_SERVICE; it is skipped, a restart opens it");
}
TEST(PortRemedy, WhatAnotherProgramHasIsPassedOnByIt) {
  line({.port = 80, .is_asked = true},
       "another program that has it may pass /.well-known/acme-challenge/ on to this server "
       "(doc/https.md); it is tried again");
  line({.port = 443, .is_asked = true},
       "another program that has it may pass TLS through to this server, or <challenges> leaves "
       "tls-alpn-01 out (doc/https.md); it is tried again");
  line({.port = 443}, "it is tried again");
  line({.port = 8000, .is_asked = true}, "it is tried again");
}
TEST(PortRemedy, NoOtherPortIsNamedWhereNoneIsOpen) {
  line({.code = Error::Code::kDenied, .port = 81, .is_alone = true},
       "ports below 1024 need a start as root with <changeowner>, or CAP_NET_BIND_SERVICE; no port "
       "is open, and the server does not start");
  line({.port = 8000, .is_alone = true}, "no port is open, and the server does not start");
}
