# SPDX-License-Identifier: Apache-2.0
# theirs.py - what s3check --json, s3route and ddb-record do, with boto3
import json, os, sys, boto3
s3 = boto3.client('s3', endpoint_url=os.environ.get('AWS_ENDPOINT_URL_S3'), verify=os.environ.get('S3_CACERT'))
dynamodb = boto3.client('dynamodb', endpoint_url=os.environ.get('AWS_ENDPOINT_URL_DYNAMODB'), verify=os.environ.get('S3_CACERT'))
for line in sys.stdin:
    for record in json.loads(line)['Records']:
        bucket, thing = record['s3']['bucket']['name'], record['s3']['object']
        json.loads(s3.get_object(Bucket=bucket, Key=thing['key'], IfMatch=thing['eTag'])['Body'].read())
        s3.copy_object(Bucket=os.environ['PROCESSED_BUCKET'], Key=thing['key'], CopySource={'Bucket': bucket, 'Key': thing['key']})
        dynamodb.put_item(TableName=os.environ['RECORD_TABLE'], Item={
            'object': {'S': bucket + '/' + thing['key']}, 'seq': {'S': thing['sequencer']}, 'outcome': {'S': 'good'}})
    print('{"mark":"done"}', flush=True)
