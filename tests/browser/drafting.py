"""People for the pages on which messages are written and approved: three who are told, one of them without a number."""

from typing import Final

PEOPLE: Final = """
INSERT INTO contact (external_id, name, organisation, province, language) VALUES
    ('g1', 'Gouverneur van Limburg', 'Provincie Limburg', 'Limburg', 'nl'),
    ('g2', 'Gouverneur van Antwerpen', 'Provincie Antwerpen', 'Antwerpen', 'nl'),
    ('g3', 'Gouverneur van Oost-Vlaanderen', 'Provincie Oost-Vlaanderen', 'Oost-Vlaanderen', 'nl'),
    ('m1', 'Burgemeester van Aalst', 'Gemeente Aalst', 'Oost-Vlaanderen', 'nl');
INSERT INTO contact_audience (audience, contact)
    SELECT CASE WHEN external_id LIKE 'g%' THEN 'governors' ELSE 'local-governments' END, id FROM contact;
INSERT INTO address (contact, channel, value) SELECT id, 'mail', external_id || '@ccvo.example' FROM contact;
INSERT INTO address (contact, channel, value)
    SELECT id, 'sms', '+3247000000' || right(external_id, 1) FROM contact WHERE external_id <> 'g3';
"""
