from rastervision.core.evaluation.class_order import leading_classes


def test_the_rarest_class_leads_and_the_null_class_ends():
    counts = {'water': 5, 'road': 2, 'none': 1, 'house': 0}

    assert leading_classes(['water', 'none', 'house', 'road'], counts, 'none') == ['road', 'water', 'house', 'none']
    assert leading_classes(['water', 'house'], counts, absent_last=False) == ['house', 'water']
    assert leading_classes(['b', 'a'], {}) == ['b', 'a']
