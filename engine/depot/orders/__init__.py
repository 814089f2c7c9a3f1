"""From a plan, a file of holdings and a day to the orders that the tested rule asks for."""
