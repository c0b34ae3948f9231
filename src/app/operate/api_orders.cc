#include "app/operate/api_orders.h"

#include <utility>

#include "admin/command/station.h"
#include "app/certificates/certificate_orders.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/title_links.h"
#include "app/operate/cluster_station.h"
#include "app/pages/due_titles.h"
#include "app/pages/now_feeds.h"
#include "app/services/picture_files.h"
#include "app/services/services.h"
#include "base/cat.h"
#include "config/settings/config.h"

namespace lb {
namespace {

Problem order_refused(std::string why) { return {ProblemName::kRefused, std::move(why)}; }

Problem no_source(const std::string& mount) {
  return {ProblemName::kNoSource, cat({"mount ", mount, " has no source"})};
}

}  // namespace

void ApiOrders::carry_out(const ApiOrder& order, const std::string& asked_by, Then then) {
  switch (order.kind) {
    case ApiOrder::Kind::kEndSource:
      return services_.operators->kill_source(
          order.mount, [mount = order.mount, then = std::move(then)](OrderOutcome outcome) mutable {
            if (outcome.done) return then(std::nullopt);
            then(outcome.why.empty() ? no_source(mount) : order_refused(std::move(outcome.why)));
          });
    case ApiOrder::Kind::kSetTitle:
      return set_title(order, std::move(then));
    case ApiOrder::Kind::kSetPicture:
      return set_picture(order, std::move(then));
    case ApiOrder::Kind::kEndListener:
      return end_listener(order, std::move(then));
    case ApiOrder::Kind::kMoveListener:
      return move_listener(order, std::move(then));
    case ApiOrder::Kind::kDrainNode:
      return drain(order, asked_by, std::move(then));
    case ApiOrder::Kind::kWeighNode:
      services_.cluster->set_weight(order.node, order.weight);
      return then(std::nullopt);
    case ApiOrder::Kind::kReload:
      services_.configuration.reload();
      return then(std::nullopt);
    case ApiOrder::Kind::kOrderCertificate:
      return order_certificate(order, std::move(then));
  }
}

// The state may have changed since the plan judged it.
void ApiOrders::order_certificate(const ApiOrder& order, Then then) {
  using ByHand = CertificateService::ByHand;
  const ByHand what = order.staging   ? ByHand::kTrial
                      : order.revokes ? ByHand::kOrderAndRevoke
                                      : ByHand::kOrder;
  if (!services_.certificates->order_by_hand(order.certificate, what))
    return then(order_refused("the certificate is being ordered, or no longer exists"));
  then(std::nullopt);
}

void ApiOrders::set_title(const ApiOrder& order, Then then) {
  services_.operators->set_title(
      order.mount, order.title,
      [mount = order.mount, then = std::move(then)](TitleOutcome outcome) mutable {
        switch (outcome.verdict) {
          case TitleVerdict::kDone:
            return then(std::nullopt);
          case TitleVerdict::kAtNode:
            return then(order_refused(std::move(outcome.why)));
          case TitleVerdict::kNoSource:
            return then(no_source(mount));
          case TitleVerdict::kFull:
            return then(order_refused(cat({"mount ", mount, " has ", DueTitles::kMaxOfMount,
                                           " titles that were announced ahead"})));
          case TitleVerdict::kRefused:
            return then(order_refused(cat(
                {"the format of mount ", mount, " has its titles in the stream, or has none"})));
        }
      });
}

// The node of the source fetches the picture from here on request.
void ApiOrders::set_picture(const ApiOrder& order, Then then) {
  const auto config = services_.config.read();
  const std::string& art = order.title.art;
  if (!services_.pictures.put_as(art, order.picture,
                                 std::string(mount_account(*config, order.mount))))
    return then(order_refused("the picture could not be kept"));
  if (!order.title.song) return then(std::nullopt);
  if (!services_.operators->source_of(order.mount).empty()) {
    services_.titles.note_picture(order.mount, art);
    return set_title(order, std::move(then));  // the title stays
  }
  services_.titles.paint(order.mount, *order.title.song, art);
  services_.picture_files->titles_changed();
  services_.now_feeds->check(order.mount);
  services_.links->titles().mount_changed(order.mount);
  then(std::nullopt);
}

void ApiOrders::end_listener(const ApiOrder& order, Then then) {
  if (!order.node.empty()) {
    return send(order.node, {.mount = order.mount, .listener = order.listener}, std::move(then));
  }
  services_.station->kill_listener(
      order.mount, order.listener,
      [id = order.listener, then = std::move(then)](const OrderOutcome& outcome) mutable {
        if (outcome.done) return then(std::nullopt);
        then(Problem{ProblemName::kNotFound, cat({"listener ", id, " has left"})});
      });
}

void ApiOrders::move_listener(const ApiOrder& order, Then then) {
  if (!order.node.empty()) {
    return send(order.node,
                {.verb = CommandFrame::Verb::kMove,
                 .mount = order.mount,
                 .listener = order.listener,
                 .to = order.to},
                std::move(then));
  }
  const MountState state = services_.station->state_of(order.to);
  if (state != MountState::kRunning && state != MountState::kIdle)
    return then(order_refused(cat({"mount ", order.to, " does not play"})));
  services_.station->move_listener(order.mount, order.listener, order.to,
                                   [then = std::move(then)](std::string why) mutable {
                                     if (why.empty()) return then(std::nullopt);
                                     then(order_refused(std::move(why)));
                                   });
}

void ApiOrders::drain(const ApiOrder& order, const std::string& asked_by, Then then) {
  const auto mode = parse_drain_mode(order.drain_mode);
  if (!order.node.empty()) {
    if (order.drain_seconds)
      return then(
          order_refused(cat({"node ", order.node,
                             " drains for as long as its own configuration says; leave \"time\" "
                             "out, or send this to ",
                             order.node, " itself"})));
    const DrainMode wanted = order.drain ? mode.value_or(DrainMode::kSoft) : DrainMode::kOff;
    return send(order.node, {.verb = CommandFrame::Verb::kDrain, .drain = wanted}, std::move(then));
  }
  Result<void> done;
  if (order.drain) {
    DrainRequest request;
    request.mode = mode;
    request.seconds = order.drain_seconds;
    request.asked_by = asked_by;
    done = services_.station->drain(std::move(request));
  } else {
    done = services_.station->undrain();
  }
  if (!done) return then(order_refused(done.error().what));
  then(std::nullopt);
}

void ApiOrders::send(const std::string& node, CommandFrame command, Then then) {
  services_.station->order(node, std::move(command),
                           [node, then = std::move(then)](ResultFrame result) mutable {
                             if (result.done) return then(std::nullopt);
                             then(order_refused(cat({"node ", node, ": ", result.why})));
                           });
}

}  // namespace lb
