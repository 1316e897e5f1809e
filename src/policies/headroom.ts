/** Share of its capacity that an instance is planned to give: queues need the rest. */
export const headroom = 0.8
