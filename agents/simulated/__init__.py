"""The simulated driver: the same agents on a virtual clock, trading on the order-management system in process."""
