"""Reports: daily exceptions, monthly statistics, a customer's statement, one case's investigation. Reads every room."""
