#include "app/drift_news.hpp"

namespace thole::app {

void tell_drift(const nft::finding& each, ops::log& log, ops::metrics& metrics) {
    const std::string what{json::detail::enum_text(each.drift)};
    const std::string remedy{json::detail::enum_text(each.remedy)};
    metrics.counter_of(ops::metric::consistency_drifts, {what, remedy}).add();
    const bool open = each.remedy == nft::remedy::none;
    log.write(open ? ops::log_severity::warning : ops::log_severity::info, "drift_found",
              {{"drift", what},
               {"remedy", remedy},
               {"operation", each.operation_id.text()},
               {"mint", each.mint},
               {"detail", each.detail}});
}

}  // namespace thole::app
