// The states of many containers: their monitors are asked before the first answer is waited for, so that they work at a time.
#pragma once

#include <kernel/monitor/command_client.hpp>

#include <deque>

namespace keelson::monitor {

class Survey {
public:
    /// `patience`: with all together that do not answer; anybody can take an address and leave it so.
    Survey(std::string lxcpath, std::vector<std::string> names, std::chrono::milliseconds patience);
    /// Of the next container, in the order of the names. Throws as CommandClient::status does.
    Status next();

private:
    void ask_ahead();

    struct Asked {
        std::string name;
        Connection connection;
    };

    std::string lxcpath_;
    std::vector<std::string> names_;
    std::chrono::milliseconds patience_;
    size_t next_ = 0;  ///< the first name that was not asked yet
    std::deque<Asked> asked_;
};

}  // namespace keelson::monitor
