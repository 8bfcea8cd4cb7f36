"""Tryton 8.2: an ERP with complaints, return sales, return shipments and credit notes."""
