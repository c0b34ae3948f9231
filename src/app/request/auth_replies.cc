#include "app/request/auth_replies.h"

#include <string>

#include "app/request/refusals.h"
#include "base/cat.h"

namespace lb {

void reply_unauthorised(Connection& connection, bool keep_open) {
  const std::string body = "You need to authenticate\r\n";
  ResponseHead head;
  head.status = 401;
  head.content_type = "text/plain; charset=utf-8";
  if (keep_open) {
    head.keep_alive = true;
    head.content_length = body.size();
  }
  connection.reply(head, body);
}

void reply_throttled(Connection& connection, std::chrono::seconds wait) {
  reply_refusal(connection, 429, "Too many wrong passwords, please try again later\r\n",
                cat({"Retry-After: ", wait.count(), "\r\n"}));
}

}  // namespace lb
