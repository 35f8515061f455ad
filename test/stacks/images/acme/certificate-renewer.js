// stands for the bundle of agents/follower
