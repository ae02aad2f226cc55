"""Waybill numbers, the shipment store, and explanations of what happens to a parcel."""
