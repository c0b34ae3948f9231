#include "app/request/request_context.h"

#include "app/request/hls_ask.h"
#include "app/request/past_ask.h"

namespace lb {

RequestContext::RequestContext() = default;
RequestContext::~RequestContext() = default;

ShiftedStart* RequestContext::shifted() const {
  return past ? std::get_if<ShiftedStart>(&past->begins) : nullptr;
}

const StreamAddress* RequestContext::resumes() const {
  return past ? std::get_if<StreamAddress>(&past->begins) : nullptr;
}

RequestContextPtr make_request_context() {
  return {new RequestContext, [](RequestContext* context) { delete context; }};
}

}  // namespace lb
