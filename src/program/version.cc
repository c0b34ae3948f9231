#include <curl/curl.h>       // LAYERS-OK: only its version is asked for
#include <event2/event.h>    // LAYERS-OK: only its version is asked for
#include <openssl/crypto.h>  // LAYERS-OK: only its version is asked for

#include "base/cat.h"
#include "config/schema/xml_node.h"
#include "program/options.h"

namespace lb {

std::string version_text() {
  const curl_version_info_data* curl = curl_version_info(CURLVERSION_NOW);
  return cat({"Icecast 2.4.4 (icecast-lb " LB_VERSION ")\nlibevent ", event_get_version(), "\n",
              OpenSSL_version(OPENSSL_VERSION), "\nlibcurl ", curl->version, "\nlibxml2 ",
              xml_library_version(), "\n"});
}

}  // namespace lb
