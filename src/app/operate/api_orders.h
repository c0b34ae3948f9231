// ApiOrders: carries out the orders of API requests at this server or a linked node.
//
// A node gets a CMD over its link.  It refuses orders that its configuration does not leave to its
// masters, and its reason is the answer.
// Thread: control.
// Ownership: RecordService.
// Source: doc/link.md, CMD and RES.
#pragma once

#include <optional>
#include <string>

#include "api/request/live.h"
#include "api/request/problem.h"
#include "base/unique_function.h"

namespace lb {

struct ApiOrder;
struct CommandFrame;
struct Services;

class ApiOrders {
 public:
  // nullopt: done.
  using Then = UniqueFunction<void(std::optional<Problem>)>;

  explicit ApiOrders(Services& services) : services_(services) {}

  // Calls then() once, perhaps before it returns.  asked_by: the login, for the log.
  void carry_out(const ApiOrder& order, const std::string& asked_by, Then then);

 private:
  void order_certificate(const ApiOrder& order, Then then);
  void set_title(const ApiOrder& order, Then then);
  void set_picture(const ApiOrder& order, Then then);
  void end_listener(const ApiOrder& order, Then then);
  void move_listener(const ApiOrder& order, Then then);
  void drain(const ApiOrder& order, const std::string& asked_by, Then then);
  void send(const std::string& node, CommandFrame command, Then then);

  Services& services_;
};

}  // namespace lb
