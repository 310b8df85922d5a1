#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/cost/calibrated_cost.h"
#include "core/cost/roofline.h"
#include "core/cost/room.h"
#include "core/results/recorder.h"
#include "core/settings/params.h"
#include "experiments/config/config_file.h"
#include "experiments/point/workload.h"

namespace speclab {

// A drafter's own word for price.draft, so that an axis of drafters can be priced.
inline constexpr const char* kPricedAs = "priced_as";

// The shapes that a drafter names itself, where it has that setting.
std::vector<std::string> read_priced_as(Params& drafter);

// What passes cost as [price] says, and which draft model of a point is priced as which shape.
class Pricing {
 public:
  // Reads [price] and resolves it into `settings`; without one nothing is priced.
  Pricing(const Config& config, std::map<std::string, nlohmann::json>& settings);

  // The settings that [price] of this config has.
  static std::vector<SettingNote> notes(const Config& config);

  const CostModel* model() const { return prices_.get(); }  // null: nothing is priced
  // Where prices are to be timed before the first run; null elsewhere.
  CalibratedCost* calibrated() const { return calibrated_; }
  // Whether the priced devices hold the target, the caches of the longest requests that may be in a batch
  // and as many of the models that price.draft names as the drafter runs: ImpossiblePoint where they do not,
  // or with price.offload the rest of the target is priced as brought from the host. To be asked before a
  // strategy sees prices.
  void require_room(const Workload& workload, int draft_models);
  // Who the next draft model is. ConfigError where its passes have no price though others have.
  Actor next_draft();
  // Draft models so far, those of parts of the target apart.
  int drafts() const { return drafts_; }
  // A draft model that is the first `layers` of the target's `of`: priced as that part of the priced target.
  Actor part_of_target(int layers, int of);
  void describe(Provenance& provenance) const;

 private:
  struct Named {
    std::string given, words;  // as the config names it; for the header
    PlacedModel model;
  };
  Pricing() = default;
  void read(Params& p, const Config& config);
  void read_roofline(Params& p, const Config& config);
  void resolve_digests(std::map<std::string, nlohmann::json>& settings) const;
  // So many devices for a draft where the target has so many.
  int devices_of_draft(const ModelShape& draft, int target_devices) const;
  Room room_on(int devices, int draft_models, const std::vector<int>& positions) const;
  [[noreturn]] void refuse(const Room& room, int draft_models, const std::vector<int>& positions) const;
  void remark_on_draft(const Named& draft);

  std::unique_ptr<CostModel> prices_;
  Roofline* roofline_ = nullptr;          // the same, where it is one
  CalibratedCost* calibrated_ = nullptr;  // likewise
  Device priced_on_;                      // where it is a roofline, and so are those that follow
  Named target_;
  std::vector<Named> named_;  // in price.draft
  int draft_devices_ = 0;     // 0: as the target, or 1 where they cannot share it
  double usable_ = 0;         // of the memory
  bool offload_ = false;
  double offloaded_ = 0;  // part of the target's layers
  std::size_t priced_drafts_ = 0;
  int drafts_ = 0;
  std::vector<std::string> parts_;  // of the target that draft
  std::string device_, error_, memory_;
  std::vector<std::string> remarks_;  // as Provenance has them
};

}  // namespace speclab
